#include "provider.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fstream>

namespace batchd::emulator {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr auto kPatience = std::chrono::seconds(20);

std::filesystem::path fresh_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "emulator-test.XXXXXX").string();
  if (!::mkdtemp(path.data())) throw std::runtime_error("no temporary folder");
  return path;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

tcp::socket connect(asio::io_context& context, std::uint16_t port) {
  tcp::socket socket(context);
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  // Blocking reads with a bound: no test hangs on an answer that doesn't come.
  const timeval limit{20, 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return socket;
}

}  // namespace

Provider::Provider(std::string_view faults, Options options) : folder_(fresh_folder()), context_(1) {
  options.ledger_file = (folder_ / "ledger.jsonl").string();
  if (!faults.empty()) {
    options.fault_file = (folder_ / "faults.json").string();
    std::ofstream(options.fault_file) << faults;
  }
  emulator_ = std::make_unique<Emulator>(context_, options);
  thread_ = std::thread([this] { context_.run(); });
}

Provider::~Provider() {
  asio::post(context_, [this] { emulator_->stop(); });
  thread_.join();
  std::filesystem::remove_all(folder_);
}

Reply Provider::call(const std::string& method, const std::string& target, std::string_view body, Headers headers,
                     const std::string& key) {
  asio::io_context context;
  auto socket = connect(context, emulator_->port());
  http::request<http::string_body> request(http::string_to_verb(method), target, 11);
  request.set(http::field::host, "127.0.0.1:" + std::to_string(emulator_->port()));
  if (!key.empty()) request.set("x-goog-api-key", key);
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = body;
  request.prepare_payload();
  request.keep_alive(false);
  boost::system::error_code error;
  http::write(socket, request, error);

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  http::read(socket, buffer, parser, error);
  Reply reply;
  reply.broken = static_cast<bool>(error);
  if (!parser.is_header_done()) return reply;
  reply.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) reply.headers[lower(field.name_string())] = field.value();
  reply.body = parser.get().body();
  return reply;
}

Bytes Provider::raw(std::string_view request, std::size_t bytes_max) {
  asio::io_context context;
  auto socket = connect(context, emulator_->port());
  boost::system::error_code error;
  asio::write(socket, asio::buffer(request), error);
  Bytes bytes;
  std::string piece(64 << 10, '\0');
  // Not through Asio: its blocking reads would wait beyond the socket's limit.
  while (bytes.text.size() < bytes_max) {
    const auto got = ::recv(socket.native_handle(), piece.data(), piece.size(), 0);
    if (got < 0) bytes.reset = errno == ECONNRESET;
    if (got < 0) bytes.timed_out = errno == EAGAIN;
    if (got <= 0) break;
    bytes.text.append(piece, 0, static_cast<std::size_t>(got));
  }
  return bytes;
}

Bytes Provider::raw_call(const std::string& method, const std::string& target, std::string_view body) {
  return raw(method + " " + target +
             " HTTP/1.1\r\nHost: x\r\nx-goog-api-key: k\r\nConnection: close\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

void Provider::call_and_vanish(const std::string& target, std::string_view body, std::size_t sent, Headers headers) {
  asio::io_context context;
  auto socket = connect(context, emulator_->port());
  std::string head =
      "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  head += "\r\n";
  asio::write(socket, asio::buffer(head));
  asio::write(socket, asio::buffer(body.substr(0, sent)));
}

std::string Provider::start_upload(const std::string& metadata, const std::string& key) {
  const auto reply = call("POST", "/upload/v1beta/files", metadata,
                          {{"X-Goog-Upload-Protocol", "resumable"}, {"X-Goog-Upload-Command", "start"}}, key);
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto found = reply.headers.find("x-goog-upload-url");
  if (found == reply.headers.end()) return {};
  return found->second.substr(found->second.find("/upload"));
}

Reply Provider::chunk(const std::string& target, const std::string& command, std::size_t offset,
                      std::string_view bytes) {
  return call("POST", target, bytes,
              {{"X-Goog-Upload-Command", command}, {"X-Goog-Upload-Offset", std::to_string(offset)}}, "");
}

std::string Provider::upload(std::string_view bytes, const std::string& key) {
  const auto reply = chunk(start_upload("{}", key), "upload, finalize", 0, bytes);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return at(reply.body, "file.name");
}

Reply Provider::create(const std::string& file, const std::string& token, const std::string& model,
                       const std::string& key) {
  const auto body = R"({"batch":{"displayName":")" + token + R"(","inputConfig":{"fileName":")" + file + R"("}}})";
  return call("POST", "/v1beta/models/" + model + ":batchGenerateContent", body, {}, key);
}

std::string Provider::create_job(const std::string& file, const std::string& token) {
  const auto reply = create(file, token);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return at(reply.body, "name");
}

std::string Provider::wait_for(const std::string& job, const std::string& path, const std::string& value) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto reply = call("GET", "/v1beta/" + job);
    if (at(reply.body, path) == value) return reply.body;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << job << " never has " << path << " = " << value;
  return {};
}

std::string Provider::end_of(const std::string& job) { return wait_for(job, "done", "true"); }

Reply Provider::download(const std::string& job) {
  return call("GET", "/download/v1beta/files/batch-" + job.substr(8) + ":download?alt=media");
}

std::vector<std::string> Provider::run(std::string_view input) {
  const auto job = create_job(upload(input));
  end_of(job);
  std::istringstream text(download(job).body);
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> Provider::ledger(std::string_view event) const {
  std::ifstream in(folder_ / "ledger.jsonl");
  std::vector<std::string> rows;
  for (std::string row; std::getline(in, row);) {
    if (at(row, "event") == event) rows.push_back(row);
  }
  return rows;
}

std::string at(const std::string& json, const std::string& path) {
  Document document;
  DomFault fault;
  if (!parse(json, document, fault)) return {};
  const Value* value = &document;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    if (value->IsArray() && std::stoul(name) < value->Size()) {
      value = &(*value)[static_cast<rapidjson::SizeType>(std::stoul(name))];
    } else if (const auto* found = member(*value, name.c_str())) {
      value = found;
    } else {
      return {};
    }
  }
  return value->IsString() ? std::string(text(*value)) : to_json(*value);
}

std::string fault_rules(const std::string& rules) { return R"({"rules":[)" + rules + "]}"; }

std::size_t jobs_made(const Provider& provider) { return provider.ledger("job").size(); }

std::string line(const std::string& key, const std::string& text) {
  return R"({"key":")" + key + R"(","request":{"contents":[{"role":"user","parts":[{"text":")" + text + "\"}]}]}}\n";
}

}  // namespace batchd::emulator
