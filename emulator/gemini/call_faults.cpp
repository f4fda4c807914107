#include "emulator/gemini/call_faults.h"

#include <algorithm>

#include "emulator/dialect/errors.h"
#include "emulator/gemini/answer_faults.h"
#include "emulator/server/wire_faults.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kKeptBytesMax = 64 << 20;  // of a body that must be kept for later

Task<void> pause(std::int64_t milliseconds) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(asio::use_awaitable);
}

HandledCall ended(HandledCall::Ending ending, double seconds = 0) {
  HandledCall outcome;
  outcome.ending = ending;
  outcome.hold_seconds = seconds;
  return outcome;
}

Task<void> read_some(BodySource& body, std::int64_t bytes) {
  std::string piece;
  while (bytes > 0) {
    piece.resize(static_cast<std::size_t>(std::min<std::int64_t>(bytes, 64 << 10)));
    const auto got = co_await body.read(piece);
    if (got == 0) co_return;
    bytes -= static_cast<std::int64_t>(got);
  }
}

Task<void> take_effect(std::int64_t milliseconds, Effect effect, std::string text) {
  co_await pause(milliseconds);
  ReadBody body(std::move(text));
  co_await effect(body);
}

// Faults that need the whole body first.
Task<HandledCall> run_with_body(const FaultyCall& call) {
  HandledCall outcome;
  auto text = co_await read_all(call.body, kKeptBytesMax);
  if (!text) {
    outcome.response = payload_too_large();
    co_return outcome;
  }
  ReadBody first(*text);
  if (call.fault.action == Do::late_effect) {
    outcome = ended(HandledCall::Ending::reset_after_hold, call.fault.seconds);
    outcome.then = [ms = call.fault.milliseconds, effect = call.effect, late = std::move(*text)] {
      return take_effect(ms, effect, late);
    };
    co_return outcome;
  }
  if (call.fault.action == Do::lose_file) call.forget(*text);
  outcome.response = co_await call.effect(first);
  if (call.fault.action == Do::execute_twice) {
    ReadBody again(*text);
    outcome.response = co_await call.effect(again);
  }
  co_return outcome;
}

HandledCall after_effect(const Rule& fault, const Request& request, Response response) {
  if (fault.action == Do::reset_after) return ended(HandledCall::Ending::reset);
  if (fault.action == Do::close_after) return ended(HandledCall::Ending::close);
  if (fault.action == Do::withhold) return ended(HandledCall::Ending::hold, fault.seconds);
  HandledCall outcome;
  outcome.response = std::move(response);
  if (is_wire_fault(fault.action)) {
    outcome.ending = HandledCall::Ending::wrong_answer;
    outcome.wire = fault;
  } else {
    edit_answer(fault, request, outcome.response);
  }
  return outcome;
}

}  // namespace

Task<HandledCall> run_faulty(FaultyCall call) {
  const auto& fault = call.fault;
  if (fault.action == Do::reset_before) co_return ended(HandledCall::Ending::reset);
  if (fault.action == Do::withhold_before) co_return ended(HandledCall::Ending::hold, fault.seconds);
  if (fault.action == Do::reset_in_request) {
    co_await read_some(call.body, fault.bytes);
    co_return ended(HandledCall::Ending::reset);
  }
  const bool keeps_body =
      fault.action == Do::late_effect || fault.action == Do::execute_twice || fault.action == Do::lose_file;
  if (keeps_body) co_return co_await run_with_body(call);
  if (fault.action == Do::delay) co_await pause(fault.milliseconds);

  auto other = other_answer(fault, call.request);
  Response response;
  const bool has_effect = !other || fault.effect || fault.action == Do::status_after;
  if (has_effect) response = co_await call.effect(call.body);
  if (other) response = std::move(*other);
  co_return after_effect(fault, call.request, std::move(response));
}

Task<std::optional<std::string>> read_all(BodySource& body, std::size_t bytes_max) {
  std::string text;
  std::string piece(64 << 10, '\0');
  for (;;) {
    const auto got = co_await body.read(piece);
    if (got == 0) co_return text;
    if (text.size() + got > bytes_max) co_return std::nullopt;
    text.append(piece, 0, got);
  }
}

}  // namespace batchd::emulator
