// GET /v1/requests/{id}, and every other way to wait for one request. The truth is in the store; the wait is a
// convenience.
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <charconv>

#include "core/limits.h"
#include "daemon/api.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kWaitSecondsMax = 48 * 3600;

std::optional<core::Duration> wait_of(const RequestHead& head) {
  const auto text = head.query_value("wait");
  if (!text) return core::Duration::zero();
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || end != text->data() + text->size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kWaitSecondsMax));
}

}  // namespace

Task<void> Api::get(Exchange& exchange, std::string_view id) {
  const auto request = core::parse_id<core::RequestId>(id);
  const auto wait = wait_of(exchange.head());
  if (!wait) {
    co_await reply_problem(exchange, make_problem(400, "bad_wait", "wait is a whole number of seconds"));
    co_return;
  }
  if (!request) {  // not an id at all: the same answer as for one that isn't the caller's
    co_await reply_problem(exchange, make_problem(404, "not_found", "no such request"));
    co_return;
  }
  co_await answer_when_finished(exchange, *request, *wait, 200);
}

Task<void> Api::answer_when_finished(Exchange& exchange, core::RequestId request, core::Duration wait,
                                     int unfinished_status) {
  using namespace asio::experimental::awaitable_operators;
  const auto owner = exchange.peer().owner;
  const auto due = engine_.clock.steady() + wait;
  Waiters::Ticket ticket(engine_.waiters, request);
  for (;;) {
    const auto view = co_await engine_.store.read(&core::Store::find_request, owner, request);
    if (!view) {
      auto problem = problem_of(view.error());
      if (view.error().code == core::Errc::not_found) problem.detail = "no such request, or it is no longer kept";
      co_await reply_problem(exchange, std::move(problem));
      co_return;
    }
    const bool finished = core::is_terminal(view->state);
    if (finished || engine_.clock.steady() >= due) {
      co_await answer_with(exchange, *view, finished ? 200 : unfinished_status);
      co_return;
    }
    if (engine_.stopping) {
      co_await reply_problem(
          exchange,
          make_problem(503, "stopping", "the daemon is shutting down; request " + core::to_text(request) + " is kept",
                       true, "GET /v1/requests/" + core::to_text(request) + " when it is back"));
      co_return;
    }
    const auto woken = co_await (ticket.wait_until(due) || exchange.hung_up());
    if (woken.index() == 1) co_return;  // nobody is left to answer; the result stays in the store
  }
}

Task<void> Api::answer_with(Exchange& exchange, const core::RequestView& request, int status) {
  auto json = proto::request_json(request);
  ReplyHead head{status, "application/json", {}};
  if (status == 202) head.headers.emplace_back("Location", "/v1/requests/" + core::to_text(request.id));
  if (request.state != core::RequestState::succeeded) {
    co_await exchange.reply(std::move(head), std::move(json.head));
    co_return;
  }
  constexpr auto kChunk = static_cast<std::int64_t>(core::kChunkBytesMax);
  const auto begin = request.value_offset;
  const auto end = begin + request.value_bytes;
  // The part of chunk `index` that belongs to the value.
  const auto value_part = [&](std::string& chunk, std::int64_t index) {
    const auto from = std::max(begin - index * kChunk, std::int64_t{0});
    const auto to = std::min(end - index * kChunk, static_cast<std::int64_t>(chunk.size()));
    return std::string_view(chunk).substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
  };
  auto index = begin / kChunk;
  auto chunk = co_await engine_.store.read(&core::Store::read_chunk, request.result.id, index);
  if (!chunk) {  // before the head is out, trouble can still be said
    co_await reply_problem(exchange, problem_of(chunk.error()));
    co_return;
  }
  if (end <= (index + 1) * kChunk) {
    json.head += value_part(*chunk, index);
    json.head += json.tail;
    co_await exchange.reply(std::move(head), std::move(json.head));
    co_return;
  }
  const auto bytes = static_cast<std::int64_t>(json.head.size() + json.tail.size()) + request.value_bytes;
  if (!co_await exchange.begin_reply(std::move(head), bytes)) co_return;
  if (!co_await exchange.write(json.head)) co_return;
  for (;;) {
    if (!co_await exchange.write(value_part(*chunk, index))) co_return;
    if (++index * kChunk >= end) break;
    chunk = co_await engine_.store.read(&core::Store::read_chunk, request.result.id, index);
    if (!chunk) co_return;  // the connection is closed short of its length: the client sees the cut
  }
  co_await exchange.write(json.tail);
}

}  // namespace batchd::daemon
