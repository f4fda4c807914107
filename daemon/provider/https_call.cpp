#include "daemon/provider/https_call.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <variant>

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

std::int64_t body_bytes(const core::HttpCall& call) {
  std::int64_t bytes = 0;
  for (const auto& part : call.body) {
    const auto* slice = std::get_if<core::BatchSlice>(&part);
    bytes += slice ? slice->bytes : std::ssize(std::get<std::string>(part));
  }
  return bytes;
}

bool has_length(const core::HttpCall& call) {
  return !call.body.empty() || (call.method != "GET" && call.method != "DELETE");
}

}  // namespace

core::HttpEvent::Kind CallProgress::without_answer() const {
  if (!begun) return core::HttpEvent::Kind::not_sent;
  return last_begun ? core::HttpEvent::Kind::no_answer : core::HttpEvent::Kind::not_whole;
}

std::string CallRun::head() const {
  const auto& call = parts_.call;
  std::string text;
  text.reserve(512);
  const auto field = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  text.append(call.method).append(" ");
  // Never out of the prefix: what is beside it on that host isn't the provider.
  const bool has_prefix = call.given_path && call.target.starts_with(parts_.url.prefix + '/');
  if (!has_prefix) text.append(parts_.url.prefix);
  text.append(call.target).append(" HTTP/1.1\r\n");
  field("Host", parts_.url.host_header);
  if (const auto& [name, prefix] = parts_.config.credential_header; !parts_.config.credential.empty())
    field(name, prefix + parts_.config.credential);
  field("User-Agent", "batchd/" + std::string(core::version()));
  field("Accept", "application/json");
  if (has_length(call)) field("Content-Length", std::to_string(body_bytes(call)));
  for (const auto& header : parts_.config.headers) field(header.name, header.value);
  for (const auto& header : call.headers) field(header.name, header.value);
  text.append("\r\n");
  return text;
}

bool CallRun::streams() const {
  return parts_.call.sink == core::HttpCall::Sink::lines && answer_->status() / 100 == 2;
}

core::HttpEvent CallRun::failed(std::string detail) const {
  core::HttpEvent event;
  event.kind = parts_.progress.without_answer();
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

// Bytes are added in their order. The end of what was added is held until more is added, so the write with the last
// byte of the request begins only in write_last(): when all before it has been written, and every part has proved to
// have its length.
Task<CallRun::Sending> CallRun::send() {
  held_ = head();
  left_ = body_bytes(parts_.call);
  for (const auto& part : parts_.call.body) {
    Sending sending;
    if (const auto* slice = std::get_if<core::BatchSlice>(&part))
      sending = co_await add_slice(*slice);
    else
      sending = co_await add(std::get<std::string>(part));
    if (sending.end != Sending::End::done) co_return sending;
  }
  co_return co_await write_last();
}

Task<CallRun::Sending> CallRun::add_slice(const core::BatchSlice& slice) {
  CHECK(parts_.slices != nullptr);
  // What comes before a slice needn't wait until it is read, unless that is the end of the request.
  if (left_ > 0) {
    auto sending = co_await write_held();
    if (sending.end != Sending::End::done) co_return sending;
  }
  const auto source = parts_.slices->open(slice);
  std::int64_t rest = slice.bytes;
  for (;;) {
    const auto piece = co_await source->next();
    if (co_await cancelled()) co_return Sending{Sending::End::abandoned, "cancelled"};
    if (!piece) co_return Sending{Sending::End::abandoned, "reading the slice: " + piece.error().detail};
    if (piece->empty()) break;
    rest -= std::ssize(*piece);
    if (rest < 0) co_return Sending{Sending::End::abandoned, "the slice is longer than its length"};
    auto sending = co_await add(*piece);
    if (sending.end != Sending::End::done) co_return sending;
  }
  if (rest != 0) co_return Sending{Sending::End::abandoned, "the slice ended before its length"};
  co_return Sending{};
}

Task<CallRun::Sending> CallRun::add(std::string_view bytes) {
  if (bytes.empty()) co_return Sending{};  // nothing shows that more follows what is held
  left_ -= std::ssize(bytes);
  if (held_.size() + bytes.size() <= kWriteBytes) {
    held_.append(bytes);
    co_return Sending{};
  }
  auto sending = co_await write_held();
  const auto end = (bytes.size() - 1) / kWriteBytes * kWriteBytes;
  if (sending.end == Sending::End::done) sending = co_await write(bytes.substr(0, end), false);
  held_ = bytes.substr(end);
  co_return sending;
}

Task<CallRun::Sending> CallRun::write_held() {
  auto sending = co_await write(held_, false);
  held_.clear();
  co_return sending;
}

Task<CallRun::Sending> CallRun::write_last() {
  CHECK(left_ == 0 && !held_.empty());
  co_return co_await write(held_, true);
}

// Writes all of `bytes`. `last`: the request ends with them.
Task<CallRun::Sending> CallRun::write(std::string_view bytes, bool last) {
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, kWriteBytes);
    bytes.remove_prefix(piece.size());
    parts_.progress.begun = true;
    if (last && bytes.empty()) parts_.progress.last_begun = true;
    const auto io = co_await connection_.write(piece, parts_.config.stall_timeout);
    if (co_await cancelled()) co_return Sending{Sending::End::abandoned, "cancelled"};
    if (io.error) {
      timed_out_ = io.timed_out;
      co_return Sending{Sending::End::broken, io.text("write")};
    }
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
  event.early = !parts_.progress.last_begun;
  event.status = answer_->status();
  event.headers = std::move(answer_->headers());
  event.body = std::move(body_);
  if (event.status / 100 == 3) event.redirect = redirect_target(parts_.url, event.header("Location"));
  co_return event;
}

// Returns an empty text when a complete answer is in answer_ (or went to the sink), otherwise what went wrong.
Task<std::string> CallRun::read_answer(core::HttpEvent& event, Connection::Instant until) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  std::size_t filled = 0;
  int interim = 0;
  const auto& call = parts_.call;
  if (call.sink == core::HttpCall::Sink::memory && !call.left_out.empty()) left_out_.emplace(call.left_out);
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
    take_body();
    if (streaming) {
      auto why = co_await drain_body(event);
      if (!why.empty()) co_return why;
    } else if (std::ssize(body_) > core::kControlBodyBytesMax) {
      co_return "the answer is too large";
    }
    reusable_ = answer_->reusable() && filled == 0;
    if (answer_->complete()) co_return std::string();
    if (filled == kReadBytes) co_return "the answer is malformed: endless line";
    const auto stalled = std::chrono::steady_clock::now() + parts_.config.stall_timeout;
    if (streaming) until = stalled;
    // What is left out may be as large as what is streamed, and takes as long.
    if (left_out_ && left_out_->inside()) until = std::max(until, stalled);
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

// Moves to body_ what is wanted of the bytes of the answer that have come.
void CallRun::take_body() {
  auto& bytes = answer_->body();
  if (streams() && !parts_.call.lines_in.empty() && !lines_) lines_.emplace(parts_.call.lines_in);
  if (lines_)
    lines_->feed(bytes, body_);
  else if (left_out_)
    left_out_->feed(bytes, body_);
  else
    body_ += bytes;
  bytes.clear();
}

Task<std::string> CallRun::drain_body(core::HttpEvent& event) {
  if (body_.empty() || (body_.size() < kSinkBytes && !answer_->complete())) co_return std::string();
  CHECK(parts_.sink != nullptr);
  const auto written = co_await parts_.sink->write(body_);
  if (co_await cancelled()) co_return "cancelled";
  if (!written) co_return "writing the answer to its sink: " + written.error().detail;
  event.streamed_bytes += std::ssize(body_);
  body_.clear();
  co_return std::string();
}

}  // namespace batchd::daemon
