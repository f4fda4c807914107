#include "daemon/provider/https_call.h"

#include <algorithm>
#include <chrono>

#include "core/check.h"
#include "core/version.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kWriteBytes = 64 << 10;        // one write, which must complete within stall_timeout
constexpr std::size_t kReadBytes = 128 << 10;        // holds a whole head
constexpr std::size_t kSinkBytes = 64 << 10;         // pieces for the sink are at least this large
constexpr int kInterimAnswersMax = 8;                // 1xx answers before the real one
constexpr core::Duration kEarlyAnswerTimeout{5000};  // for an answer that was sent before the request was cut off

static_assert(kReadBytes >= kAnswerHeadBytesMax);

std::string_view text_body(const core::HttpCall& call) {
  const auto* text = std::get_if<std::string>(&call.body);
  return text ? std::string_view(*text) : std::string_view();
}

std::int64_t body_bytes(const core::HttpCall& call) {
  const auto* slice = std::get_if<core::BatchSlice>(&call.body);
  return slice ? slice->bytes : static_cast<std::int64_t>(text_body(call).size());
}

bool has_length(const core::HttpCall& call) {
  return !std::holds_alternative<std::monostate>(call.body) || (call.method != "GET" && call.method != "DELETE");
}

}  // namespace

std::string CallRun::head() const {
  const auto& call = parts_.call;
  std::string text;
  text.reserve(512);
  const auto field = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  text.append(call.method).append(" ").append(parts_.url.prefix).append(call.target).append(" HTTP/1.1\r\n");
  field("Host", parts_.url.host_header);
  if (const auto& [name, prefix] = parts_.config.credential_header; !parts_.config.credential.empty())
    field(name, prefix + parts_.config.credential);
  field("User-Agent", "batchd/" + std::string(core::version()));
  field("Accept", "application/json");
  if (has_length(call)) field("Content-Length", std::to_string(body_bytes(call)));
  for (const auto& header : call.headers) field(header.name, header.value);
  text.append("\r\n");
  return text;
}

bool CallRun::streams() const {
  return parts_.call.sink == core::HttpCall::Sink::lines && answer_->status() / 100 == 2;
}

core::HttpEvent CallRun::failed(std::string detail) const {
  core::HttpEvent event;
  event.kind = started_ ? core::HttpEvent::Kind::no_answer : core::HttpEvent::Kind::not_sent;
  event.detail = std::move(detail);
  return event;
}

Task<core::HttpEvent> CallRun::run() {
  if (co_await cancelled()) co_return failed("cancelled");
  const auto sending = co_await send();
  if (sending.end == Sending::End::abandoned) co_return failed(sending.detail);
  if (sending.end == Sending::End::done) co_return co_await receive(parts_.config.answer_timeout);
  // Some servers refuse a request while it is still arriving, and cut it off. Their answer says more than our write
  // error.
  auto event = co_await receive(std::min(parts_.config.answer_timeout, kEarlyAnswerTimeout));
  reusable_ = false;
  if (event.kind != core::HttpEvent::Kind::answer) event.detail = sending.detail;
  co_return event;
}

Task<CallRun::Sending> CallRun::send() {
  const auto* slice = std::get_if<core::BatchSlice>(&parts_.call.body);
  if (slice) co_return co_await send_slice(head(), *slice);
  co_return co_await send_text(head(), text_body(parts_.call));
}

Task<CallRun::Sending> CallRun::send_text(std::string head, std::string_view body) {
  const bool small = body.size() <= kWriteBytes;
  if (small) head.append(body);
  auto sending = co_await send_bytes(head);
  if (!small && sending.end == Sending::End::done) sending = co_await send_bytes(body);
  co_return sending;
}

Task<CallRun::Sending> CallRun::send_slice(std::string head, const core::BatchSlice& slice) {
  CHECK(parts_.slices != nullptr);
  const auto source = parts_.slices->open(slice);
  auto sending = co_await send_bytes(head);
  std::int64_t rest = slice.bytes;
  while (sending.end == Sending::End::done) {
    const auto piece = co_await source->next();
    if (co_await cancelled()) co_return Sending{Sending::End::abandoned, "cancelled"};
    if (!piece) co_return Sending{Sending::End::abandoned, "reading the slice: " + piece.error().detail};
    if (piece->empty() && rest == 0) co_return sending;
    if (piece->empty()) co_return Sending{Sending::End::abandoned, "the slice ended before its length"};
    rest -= static_cast<std::int64_t>(piece->size());
    if (rest < 0) co_return Sending{Sending::End::abandoned, "the slice is longer than its length"};
    if (rest > 0) {
      sending = co_await send_bytes(*piece);
      continue;
    }
    // The last byte completes the request, so it is sent only when the slice has proved to end there.
    const auto end = co_await source->next();
    if (co_await cancelled()) co_return Sending{Sending::End::abandoned, "cancelled"};
    if (!end) co_return Sending{Sending::End::abandoned, "reading the slice: " + end.error().detail};
    if (!end->empty()) co_return Sending{Sending::End::abandoned, "the slice is longer than its length"};
    co_return co_await send_bytes(*piece);
  }
  co_return sending;
}

Task<CallRun::Sending> CallRun::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, kWriteBytes);
    started_ = true;
    const auto io = co_await connection_.write(piece, parts_.config.stall_timeout);
    if (co_await cancelled()) co_return Sending{Sending::End::abandoned, "cancelled"};
    if (io.error) {
      timed_out_ = io.timed_out;
      co_return Sending{Sending::End::broken, io.text("write")};
    }
    bytes.remove_prefix(piece.size());
  }
  co_return Sending{};
}

Task<core::HttpEvent> CallRun::receive(core::Duration timeout) {
  core::HttpEvent event;
  auto why = co_await read_answer(event, std::chrono::steady_clock::now() + timeout);
  if (!why.empty()) {
    auto failure = failed(std::move(why));
    failure.streamed_bytes = event.streamed_bytes;
    co_return failure;
  }
  event.kind = core::HttpEvent::Kind::answer;
  event.status = answer_->status();
  event.headers = std::move(answer_->headers());
  event.body = std::move(answer_->body());
  if (event.status / 100 == 3) event.redirect = redirect_target(parts_.url, event.header("Location"));
  co_return event;
}

// Returns an empty text when a complete answer is in answer_ (or went to the sink), otherwise what went wrong.
Task<std::string> CallRun::read_answer(core::HttpEvent& event, Connection::Instant until) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  std::size_t filled = 0;
  int interim = 0;
  answer_ = std::make_unique<AnswerReader>(parts_.call.method == "HEAD");
  for (;;) {
    const auto used = answer_->feed({buffer.get(), filled});
    std::copy(buffer.get() + used, buffer.get() + filled, buffer.get());
    filled -= used;
    if (answer_->malformed()) co_return "the answer is malformed, or its head too large";
    if (answer_->complete() && answer_->interim()) {
      if (++interim > kInterimAnswersMax) co_return "too many interim answers";
      answer_ = std::make_unique<AnswerReader>(parts_.call.method == "HEAD");
      if (filled > 0) continue;
    }
    const bool streaming = answer_->head_done() && streams();
    if (streaming) {
      auto why = co_await drain_body(event);
      if (!why.empty()) co_return why;
    } else if (std::ssize(answer_->body()) > core::kControlBodyBytesMax) {
      co_return "the answer is too large";
    }
    reusable_ = answer_->reusable() && filled == 0;
    if (answer_->complete()) co_return std::string();
    if (filled == kReadBytes) co_return "the answer is malformed: endless line";
    if (streaming) until = std::chrono::steady_clock::now() + parts_.config.stall_timeout;
    const auto io = co_await connection_.read_some(buffer.get() + filled, kReadBytes - filled, until);
    if (co_await cancelled()) co_return "cancelled";
    answered_ = answered_ || io.bytes > 0;
    filled += io.bytes;
    if (io.ended) {
      answer_->feed_end();
      if (answer_->malformed() || !answer_->complete()) co_return "the connection ended before the answer did";
    } else if (io.error) {
      timed_out_ = io.timed_out;
      co_return io.text("read");
    }
  }
}

Task<std::string> CallRun::drain_body(core::HttpEvent& event) {
  auto& body = answer_->body();
  if (body.empty() || (body.size() < kSinkBytes && !answer_->complete())) co_return std::string();
  CHECK(parts_.sink != nullptr);
  const auto written = co_await parts_.sink->write(body);
  if (co_await cancelled()) co_return "cancelled";
  if (!written) co_return "writing the answer to its sink: " + written.error().detail;
  event.streamed_bytes += std::ssize(body);
  body.clear();
  co_return std::string();
}

}  // namespace batchd::daemon
