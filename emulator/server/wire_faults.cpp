#include "emulator/server/wire_faults.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <cstdio>

namespace batchd::emulator {
namespace {

constexpr std::size_t kFaultPieceBytes = 64 << 10;

std::uint64_t size_of(const Response& response) { return response.blob ? response.blob->size() : response.body.size(); }

std::size_t read_body(const Response& response, std::uint64_t at, std::span<char> out) {
  if (response.blob) return response.blob->read(at, out);
  return at >= response.body.size() ? 0 : response.body.copy(out.data(), out.size(), at);
}

std::string length(std::uint64_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

// Returns the head with these additional fields.
std::string head(const Response& response, std::string_view more) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason) + "\r\n";
  out += "Server: gemini-emulator\r\n";
  if (!response.content_type.empty()) out += "Content-Type: " + response.content_type + "\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  return out + std::string(more) + "\r\n";
}

// Returns where the n-th line ends or, with `half`, the middle of the next line.
std::uint64_t end_of_lines(const Response& response, std::int64_t lines, bool half) {
  std::string piece(kFaultPieceBytes, '\0');
  std::uint64_t begin = 0;
  std::int64_t seen = 0;
  for (std::uint64_t at = 0;;) {
    const auto got = read_body(response, at, piece);
    for (std::size_t i = 0; i < got; ++i) {
      if (piece[i] != '\n') continue;
      const auto end = at + i + 1;
      if (++seen == lines && !half) return end;
      if (seen == lines + 1) return (begin + end) / 2;
      begin = end;
    }
    if (got == 0) return half && seen == lines ? (begin + at) / 2 : at;
    at += got;
  }
}

// Returns how much of the body is sent: as the rule says, else half of it.
std::uint64_t cut_point(const Rule& fault, const Response& response) {
  const auto size = size_of(response);
  if (fault.bytes >= 0) return std::min(size, static_cast<std::uint64_t>(fault.bytes));
  if (fault.lines == 0 && !fault.mid_line) return 0;
  if (fault.lines >= 0) return end_of_lines(response, fault.lines, fault.mid_line);
  return fault.head_bytes >= 0 ? 0 : size / 2;
}

// What is sent, in this order.
struct Plan {
  std::string before;            // the head, or its replacement
  std::uint64_t body_bytes = 0;  // bytes of the true body...
  std::uint64_t repeat_to = 0;   // ...which is repeated until this many bytes were sent
  std::string after;
  std::size_t piece_bytes = kFaultPieceBytes;
  std::int64_t pause_ms = 0;  // after each piece
  double silence = 0;         // seconds of silence at the end
};

std::string repeated(std::string_view text, std::int64_t count) {
  std::string out;
  for (std::int64_t i = 0; i < count; ++i) out += text;
  return out;
}

// A gzip stream of zeros that ends in the middle: after its head, one literal zero and matches of 258 bytes each, in
// the fixed code of RFC 1951 (13 bits for 258 bytes).
std::string gzip_of_zeros(std::size_t bytes) {
  std::string out("\x1F\x8B\x08\0\0\0\0\0\0\x03", 10);
  unsigned filled = 0;
  unsigned char byte = 0;
  const auto bit = [&](bool one) {
    if (one) byte = static_cast<unsigned char>(byte | (1U << filled));
    if (++filled < 8) return;
    out += static_cast<char>(byte);
    filled = 0;
    byte = 0;
  };
  for (const char c : std::string_view("01000110000")) bit(c == '1');  // not the last block, fixed codes; a literal 0
  while (out.size() < bytes)
    for (const char c : std::string_view("1100010100000")) bit(c == '1');  // 258 bytes, from one byte back
  return out;
}

std::string hexadecimal(std::uint64_t value) {
  char out[24];
  std::snprintf(out, sizeof out, "%llx", static_cast<unsigned long long>(value));
  return out;
}

Plan honest(const Response& response) { return {head(response, length(size_of(response))), size_of(response)}; }

Plan cut(const Rule& fault, const Response& response) {
  auto plan = honest(response);
  plan.body_bytes = cut_point(fault, response);
  if (fault.head_bytes >= 0)
    plan.before.resize(std::min(plan.before.size(), static_cast<std::size_t>(fault.head_bytes)));
  plan.silence = fault.seconds;  // stall
  return plan;
}

Plan shorten(const Rule& fault, const Response& response) {
  const auto bytes = cut_point(fault, response);
  return {head(response, length(bytes)), bytes};
}

Plan trickle(const Rule& fault, const Response& response) {
  auto plan = honest(response);
  plan.piece_bytes = std::min<std::size_t>(static_cast<std::size_t>(fault.bytes), kFaultPieceBytes);
  plan.pause_ms = fault.milliseconds;
  return plan;
}

std::uint64_t wrong_size(const Rule& fault, const Response& response) {
  const auto size = static_cast<std::int64_t>(size_of(response)) + fault.by;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, size));
}

Plan wrong_length(const Rule& fault, const Response& response) {
  return {head(response, length(wrong_size(fault, response))), size_of(response)};
}

Plan duplicate_length(const Rule& fault, const Response& response) {
  return {head(response, length(size_of(response)) + length(wrong_size(fault, response))), size_of(response)};
}

Plan in_chunks(const Response& response, std::string_view more) {
  const auto bytes = size_of(response);
  Plan plan{head(response, std::string(more) + "Transfer-Encoding: chunked\r\n"), bytes};
  if (bytes > 0) plan.before += hexadecimal(bytes) + "\r\n";
  plan.after = bytes > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n";
  return plan;
}

Plan chunked(const Rule&, const Response& response) { return in_chunks(response, ""); }

Plan length_and_chunks(const Rule&, const Response& response) { return in_chunks(response, length(size_of(response))); }

Plan bad_chunk(const Rule&, const Response& response) {
  return {head(response, "Transfer-Encoding: chunked\r\n") + "zz\r\n", size_of(response)};
}

// Sends no length: the body ends with the connection.
Plan endless(const Rule& fault, const Response& response) {
  Plan plan{head(response, "Connection: close\r\n"), size_of(response)};
  plan.repeat_to = static_cast<std::uint64_t>(fault.bytes);
  return plan;
}

Plan gzip_bomb(const Rule& fault, const Response& response) {
  const auto bomb = gzip_of_zeros(static_cast<std::size_t>(fault.bytes));
  return {head(response, "Content-Encoding: gzip\r\n" + length(bomb.size())) + bomb};
}

Plan info_flood(const Rule& fault, const Response& response) {
  auto plan = honest(response);
  const auto one = "HTTP/1.1 " + std::to_string(fault.status) + " Wait\r\n\r\n";
  plan.before.insert(0, repeated(one, fault.count));
  return plan;
}

Plan big_headers(const Rule& fault, const Response& response) {
  const auto bytes = static_cast<std::size_t>(fault.bytes / fault.count);
  const auto field = "X-Filler: " + std::string(bytes, 'x') + "\r\n";
  return {head(response, repeated(field, fault.count) + length(size_of(response))), size_of(response)};
}

Plan bad_header(const Rule&, const Response& response) {
  return {head(response, length(size_of(response)) + "this is no header field\r\n"), size_of(response)};
}

Plan bad_status_line(const Rule&, const Response& response) {
  auto plan = honest(response);
  plan.before.replace(0, plan.before.find("\r\n"), "HTTP/1.1 OK 200");
  return plan;
}

Plan not_http(const Rule& fault, const Response&) { return {fault.text}; }

Plan http09(const Rule&, const Response& response) { return {"", size_of(response)}; }

Plan extra_answer(const Rule&, const Response& response) {
  auto plan = honest(response);
  plan.after = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  return plan;
}

Plan close_after_answer(const Rule&, const Response& response) { return honest(response); }

struct WireFault {
  Do action;
  Plan (*plan)(const Rule& fault, const Response& response);
};

constexpr WireFault kWireFaults[] = {{Do::truncate, cut},
                                     {Do::cut, cut},
                                     {Do::shorten, shorten},
                                     {Do::stall, cut},
                                     {Do::trickle, trickle},
                                     {Do::wrong_length, wrong_length},
                                     {Do::duplicate_length, duplicate_length},
                                     {Do::length_and_chunks, length_and_chunks},
                                     {Do::chunked, chunked},
                                     {Do::bad_chunk, bad_chunk},
                                     {Do::endless, endless},
                                     {Do::gzip_bomb, gzip_bomb},
                                     {Do::info_flood, info_flood},
                                     {Do::big_headers, big_headers},
                                     {Do::bad_header, bad_header},
                                     {Do::bad_status_line, bad_status_line},
                                     {Do::not_http, not_http},
                                     {Do::http09, http09},
                                     {Do::extra_answer, extra_answer},
                                     {Do::close_after_answer, close_after_answer}};

Task<void> pause(std::chrono::nanoseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(time);
  co_await timer.async_wait(asio::use_awaitable);
}

Task<void> send(boost::beast::tcp_stream& stream, std::string_view text, const Plan& plan) {
  while (!text.empty()) {
    const auto piece = text.substr(0, plan.piece_bytes);
    co_await asio::async_write(stream, asio::buffer(piece.data(), piece.size()), asio::use_awaitable);
    text.remove_prefix(piece.size());
    if (plan.pause_ms > 0) co_await pause(std::chrono::milliseconds(plan.pause_ms));
  }
}

}  // namespace

bool is_wire_fault(Do action) {
  return std::ranges::find(kWireFaults, action, &WireFault::action) != std::end(kWireFaults);
}

Task<void> write_wrongly(boost::beast::tcp_stream& stream, const Rule& fault, const Response& response) {
  const auto plan = std::ranges::find(kWireFaults, fault.action, &WireFault::action)->plan(fault, response);
  stream.expires_never();
  co_await send(stream, plan.before, plan);
  std::string piece(kFaultPieceBytes, '\0');
  std::uint64_t written = 0;
  do {
    for (std::uint64_t at = 0; at < plan.body_bytes;) {
      const auto wanted = std::min<std::uint64_t>(piece.size(), plan.body_bytes - at);
      const auto got = read_body(response, at, std::span(piece).first(wanted));
      if (got == 0) break;
      const auto text = std::string_view(piece).substr(0, got);
      co_await send(stream, text, plan);
      at += got;
    }
    written += std::max<std::uint64_t>(plan.body_bytes, 1);
  } while (plan.body_bytes > 0 && written < plan.repeat_to);
  co_await send(stream, plan.after, plan);
  if (plan.silence > 0)
    co_await pause(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(plan.silence)));
}

}  // namespace batchd::emulator
