// GET /v1/results: what has ended in a channel and isn't acknowledged yet, in the order in which it ended. A reader
// that reconnects gives the cursor of its last result; no result is kept in memory for a slow reader.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/limits.h"
#include "daemon/api/api.h"
#include "daemon/api/calls.h"
#include "daemon/api/reply.h"
#include "daemon/api/results.h"
#include "proto/json/one_line.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kResultsDefault = 100, kResultsMax = 1000;
constexpr int kPageResults = 32;  // read at once: only their labels and errors stay in memory for a slow reader
constexpr std::string_view kEventStream = "text/event-stream";

core::Error bad_parameter(std::string detail) { return {core::Errc::invalid, std::move(detail)}; }

// Makes an error of a response that can't be read any more: it is reported, not left out, so that the reader doesn't
// wait for it.
void lose_response(core::RequestView& request) {
  request.error = core::own_error(core::ErrorClass::data_lost, "the stored response doesn't match its digest");
}

}  // namespace

Task<bool> ResultWriter::write(core::RequestView request) {
  const auto cursor = proto::cursor_text(engine_.installation, request.completion);
  const bool events = shape_ == ResultShape::events;
  const auto prefix = events ? "id: " + cursor + "\ndata: " : std::string();
  proto::RequestForm form{.cursor = events ? std::string() : cursor};
  if (request.state == core::RequestState::succeeded) {
    const auto sent = co_await write_succeeded(request, form, prefix);
    if (sent.written != Written::nothing) co_return sent.written == Written::all;
    if (sent.error != core::Errc::corrupt) co_return sent.error == core::Errc::not_found;  // purged meanwhile
    lose_response(request);
    form.response = false;
  }
  auto json = proto::request_json(request, form);
  json.head.pop_back();  // its newline
  auto text = prefix + json::one_line(json.head);
  text += end();
  co_return co_await exchange_.write(text);
}

Task<ResponseWritten> ResultWriter::write_succeeded(const core::RequestView& request, proto::RequestForm form,
                                                    std::string prefix) {
  if (!co_await exchange_.writable()) co_return ResponseWritten{Written::cut};
  EmbeddedResponse response(engine_, exchange_.peer().owner, request);
  const auto checked = co_await response.check();
  if (!checked) co_return ResponseWritten{Written::nothing, checked.error().code};
  form.response_fault = response.fault();
  auto json = proto::request_json(request, form);
  json.tail.pop_back();  // its newline
  json.tail += end();
  prefix += json::one_line(json.head);
  co_return co_await write_around_response(exchange_, response, std::move(prefix), std::move(json.tail));
}

namespace {

struct ResultsQuery {
  std::string channel;     // empty: the requests without a channel
  std::int64_t after = 0;  // number of a completion
  core::Duration wait{};
  std::int64_t limit = 0;
  bool events = false;
};

core::Result<ResultsQuery> read_results_query(const RequestHead& head) {
  ResultsQuery query;
  query.channel = head.query_value("channel").value_or("");
  if (!query.channel.empty() && !proto::is_channel_name(query.channel))
    return bad_parameter("channel must be the name of a channel");
  const auto wait = wait_parameter(head);
  if (!wait) return bad_parameter("wait is a whole number of seconds");
  query.wait = *wait;
  const auto limit = number_parameter(head, "limit", kResultsDefault, 1, kResultsMax);
  if (!limit) return bad_parameter("limit is a number from 1 to " + std::to_string(kResultsMax));
  query.limit = *limit;
  query.events = head.header("accept").find(kEventStream) != std::string_view::npos;
  return query;
}

// Waits for the first result, then sends all that have ended, up to the limit.
Task<void> send_results(Engine& engine, Exchange& exchange, ResultsQuery query) {
  using namespace asio::experimental::awaitable_operators;
  const auto owner = exchange.peer().owner;
  const auto due = engine.clock.steady() + query.wait;
  Waiters::OwnerTicket ticket(engine.waiters, owner);
  core::Result<core::ResultPage> page = core::ResultPage{};
  for (;;) {
    page = co_await engine.store.read(&core::Store::list_results, owner, query.channel, query.after, kPageResults);
    if (!page) {
      co_await reply_problem(exchange, problem_of(page.error()));
      co_return;
    }
    if (!page->results.empty() || engine.clock.steady() >= due) break;
    if (engine.stopping) {
      co_await reply_problem(exchange, stopping_problem());
      co_return;
    }
    const auto anyway = engine.clock.steady() + engine.config.polling.max;  // should the notification be lost
    const auto woken = co_await (ticket.wait_until(std::min(due, anyway)) || exchange.hung_up());
    if (woken.index() == 1) co_return;
    if (!exchange.still_known()) {
      co_await reply_problem(exchange, revoked_problem());
      co_return;
    }
  }
  ReplyHead head{200, "application/x-ndjson", {}};
  bool open = co_await exchange.begin_stream(std::move(head));
  ResultWriter writer(exchange, engine, ResultShape::lines);
  while (open) {
    for (auto& result : page->results) {
      if (!open || query.limit == 0) break;
      query.after = result.completion;
      --query.limit;
      open = co_await writer.write(std::move(result));
    }
    if (!open || !page->more || query.limit == 0) break;
    page = co_await engine.store.read(&core::Store::list_results, owner, query.channel, query.after, kPageResults);
    open = page.has_value();
  }
  if (open) co_await exchange.end_stream();
}

// Goes on until the client hangs up, loses its token, or the daemon stops.
Task<void> send_events(Engine& engine, Exchange& exchange, ResultsQuery query) {
  using namespace asio::experimental::awaitable_operators;
  const auto owner = exchange.peer().owner;
  Waiters::OwnerTicket ticket(engine.waiters, owner);
  ReplyHead head{200, std::string(kEventStream), {{"Cache-Control", "no-store"}}};
  bool open = co_await exchange.begin_stream(std::move(head));
  if (open) open = co_await exchange.write("retry: 1000\n\n");
  ResultWriter writer(exchange, engine, ResultShape::events);
  auto heartbeat = engine.clock.steady() + engine.config.server.heartbeat;
  while (open && exchange.still_known()) {
    auto page = co_await engine.store.read(&core::Store::list_results, owner, query.channel, query.after, kPageResults);
    if (!page) co_return;
    for (auto& result : page->results) {
      if (!open || engine.stopping || !exchange.still_known()) break;
      query.after = result.completion;
      open = co_await writer.write(std::move(result));
    }
    if (!open || engine.stopping || !exchange.still_known()) break;
    if (page->more) continue;
    if (engine.clock.steady() >= heartbeat) {
      open = co_await exchange.write(": \n\n");
      heartbeat = engine.clock.steady() + engine.config.server.heartbeat;
    }
    if (!open) break;
    const auto woken = co_await (ticket.wait_until(heartbeat) || exchange.hung_up());
    if (woken.index() == 1) co_return;
  }
  if (open) co_await exchange.end_stream();
}

}  // namespace

Task<std::optional<Problem>> check_cursor(Engine& engine, const proto::Cursor& cursor) {
  const auto last = co_await engine.store.read(&core::Store::last_completion);
  if (!last) co_return problem_of(last.error());
  if (cursor.installation == engine.installation && cursor.completion <= *last) co_return std::nullopt;
  co_return make_problem(410, "cursor_gone", "this cursor is of another database, or of an older copy of this one",
                         false, "start again without a cursor");
}

Task<void> get_results(Desk& desk, Exchange& exchange, std::string_view) {
  auto problem = check_parameters(exchange.head(), {"channel", "after", "wait", "limit"});
  auto query = read_results_query(exchange.head());
  if (!problem && !query) problem = make_problem(400, "bad_parameter", query.error().detail);
  auto after = exchange.head().header("last-event-id");
  if (after.empty()) after = exchange.head().query_value("after").value_or("");
  if (!problem && !after.empty()) {
    const auto cursor = proto::parse_cursor(after);
    if (cursor) {
      problem = co_await check_cursor(desk.engine, *cursor);
      query->after = cursor->completion;
    } else {
      problem = make_problem(400, "bad_cursor", "this is no cursor of a result");
    }
  }
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
  } else if (query->events) {
    co_await send_events(desk.engine, exchange, std::move(*query));
  } else {
    co_await send_results(desk.engine, exchange, std::move(*query));
  }
}

}  // namespace batchd::daemon
