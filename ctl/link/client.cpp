#include "ctl/link/client.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdio>
#include <cstring>

#include "core/version.h"

namespace batchd::ctl {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kPieceBytes = 64 << 10;

using Parser = http::response_parser<http::buffer_body>;

// Parses the bytes of one answer and passes its body on.
class Reader {
 public:
  explicit Reader(const Call& call) : call_(call) {
    parser_.eager(true);
    parser_.body_limit(boost::none);
  }

  // Consumes what it can of `bytes`; the rest stays until more arrives. Returns nullopt to go on, else the fault.
  std::optional<Trouble> put(char* bytes, std::size_t& filled) {
    for (;;) {
      auto& body = parser_.get().body();
      body.data = piece_.data();
      body.size = piece_.size();
      body.more = true;
      boost::system::error_code error;
      const auto used = parser_.put(boost::asio::buffer(bytes, filled), error);
      const std::string_view piece(piece_.data(), piece_.size() - body.size);
      std::memmove(bytes, bytes + used, filled - used);
      filled -= used;
      if (error == http::error::need_buffer) error = {};
      if (error && error != http::error::need_more)
        return Trouble{Trouble::Kind::broken, "not an HTTP answer: " + error.message()};
      if (parser_.is_header_done()) pass(piece);
      if (parser_.is_done() || stopped_ || filled == 0 || (used == 0 && piece.empty())) return std::nullopt;
    }
  }
  bool end() {  // the connection was closed
    boost::system::error_code error;
    parser_.put_eof(error);
    return !error && parser_.is_done();
  }

  bool done() const { return parser_.is_done() || stopped_; }
  bool is_interim() const { return parser_.get().result_int() / 100 == 1; }
  bool keeps_alive() const { return !stopped_ && parser_.keep_alive(); }

  Answer answer() {
    const auto& message = parser_.get();
    Answer answer{static_cast<int>(message.result_int()), std::move(body_)};
    const std::string_view wait(message[http::field::retry_after].data(), message[http::field::retry_after].size());
    for (const char c : wait.substr(0, 6)) {
      if (c < '0' || c > '9') break;
      answer.retry_after_seconds = answer.retry_after_seconds * 10 + (c - '0');
    }
    return answer;
  }

 private:
  void pass(std::string_view piece) {
    const bool to_sink = call_.sink != nullptr && parser_.get().result_int() / 100 == 2;
    if (to_sink && !begun_) {
      const auto total = parser_.content_length();
      call_.sink->begin(total ? std::optional<std::uint64_t>(*total) : std::nullopt);
    }
    begun_ = true;
    if (!to_sink)
      body_.append(piece);
    else if (!piece.empty() && !stopped_)
      stopped_ = !call_.sink->take(piece);
  }

  const Call& call_;
  Parser parser_;
  std::array<char, kPieceBytes> piece_;
  std::string body_;
  bool begun_ = false, stopped_ = false;
};

}  // namespace

std::string Client::head_of(const Call& call) const {
  std::string head = call.method + ' ' + call.target + " HTTP/1.1\r\nHost: " + address_.host_header() +
                     "\r\nUser-Agent: batchctl/" + std::string(core::version()) + "\r\n";
  if (!address_.token.empty()) head += "Authorization: Bearer " + address_.token + "\r\n";
  for (const auto& [name, value] : call.headers) head += name + ": " + value + "\r\n";
  if (call.method == "POST") {
    const auto length = call.source != nullptr ? call.source->size() : call.body.size();
    if (call.source != nullptr || !call.body.empty()) head += "Content-Type: " + call.content_type + "\r\n";
    head += length ? "Content-Length: " + std::to_string(*length) + "\r\n" : "Transfer-Encoding: chunked\r\n";
  }
  return head + "\r\n";
}

Reply Client::call(const Call& call) {
  for (bool repeated = false;; repeated = true) {
    const bool kept = connection_.is_open();
    if (!kept)
      if (auto trouble = connection_.open(address_, call.timeout)) return std::move(*trouble);
    ever_connected_ = true;
    bool silent = true;
    auto reply = exchange(call, silent);
    if (auto* answer = std::get_if<Answer>(&reply)) {
      answer->repeated = repeated;
      return reply;
    }
    connection_.close();
    const bool dead_since_long = kept && silent && std::get<Trouble>(reply).kind == Trouble::Kind::broken;
    if (!dead_since_long || !call.repeatable) return reply;
  }
}

Reply Client::exchange(const Call& call, bool& silent) {
  if (call.source != nullptr && !call.source->rewind())
    return Trouble{Trouble::Kind::broken, "what was sent can't be read a second time"};
  const auto sent = send(call);
  if (sent == Connection::Sent::not_answering) return Trouble{Trouble::Kind::not_answering, "it takes no more bytes"};
  auto reply = receive(call, silent);
  // Anything else sent on this connection would be read as the rest of the body.
  if (sent == Connection::Sent::stopped) connection_.close();
  return reply;
}

Connection::Sent Client::send(const Call& call) {
  if (const auto sent = connection_.send(head_of(call), call.timeout); sent != Connection::Sent::all) return sent;
  return call.source != nullptr ? send_source(call) : connection_.send(call.body, call.timeout);
}

Connection::Sent Client::send_source(const Call& call) {
  const bool chunked = !call.source->size();
  std::string buffer(kPieceBytes, '\0');
  for (;;) {
    const auto count = call.source->read(buffer.data(), buffer.size());
    if (!count) {
      connection_.close();  // so that a cut body is never accepted as complete
      return Connection::Sent::stopped;
    }
    const bool end = *count == 0;
    if (end && !chunked) return Connection::Sent::all;
    char head[32];
    std::snprintf(head, sizeof head, "%zx\r\n", *count);
    for (const std::string_view part : {std::string_view(chunked ? head : ""), std::string_view(buffer.data(), *count),
                                        std::string_view(chunked ? "\r\n" : "")})
      if (const auto sent = connection_.send(part, call.timeout); sent != Connection::Sent::all) return sent;
    if (end) return Connection::Sent::all;
  }
}

Reply Client::receive(const Call& call, bool& silent) {
  std::array<char, kPieceBytes> buffer;
  std::size_t filled = 0;
  for (;;) {  // one round per answer: interim ones (1xx) come before the real one
    Reader reader(call);
    for (;;) {
      if (auto trouble = reader.put(buffer.data(), filled)) return std::move(*trouble);
      if (reader.done()) break;
      if (filled == buffer.size()) return Trouble{Trouble::Kind::broken, "the answer's header is too long"};
      if (!connection_.is_open()) return Trouble{Trouble::Kind::broken, "the file can't be read any more"};
      auto received = connection_.receive(buffer.data() + filled, buffer.size() - filled, call.timeout);
      if (auto* trouble = std::get_if<Trouble>(&received)) return std::move(*trouble);
      const auto count = std::get<std::size_t>(received);
      if (count == 0 && (silent || !reader.end()))
        return Trouble{Trouble::Kind::broken, "the connection was closed before the answer was complete"};
      if (count == 0) break;
      silent = false;
      filled += count;
    }
    if (reader.is_interim()) continue;
    if (!reader.keeps_alive()) connection_.close();
    return reader.answer();
  }
}

}  // namespace batchd::ctl
