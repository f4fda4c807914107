// GET /v1/requests: the caller's own requests, newest first.
#include <algorithm>

#include "daemon/api/api.h"
#include "daemon/api/calls.h"
#include "daemon/api/lane.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {
namespace {

constexpr std::int64_t kShownDefault = 50, kShownMax = 500;
// A filter that matches few requests makes the store scan many. After this many reads the caller gets what was found so
// far, and a cursor to continue with.
constexpr int kLooksMax = 100;

struct Query {
  core::RequestFilter filter;
  core::RequestId before;
  int limit = 0;
};

core::Error bad(std::string detail) { return {core::Errc::invalid, std::move(detail)}; }

core::Result<Query> read_query(const RequestHead& head, Engine& engine) {
  Query query;
  const auto text = [&head](std::string_view name) { return std::string(head.query_value(name).value_or("")); };
  if (const auto state = head.query_value("state")) {
    query.filter.state = core::parse_request_state(*state);
    if (!query.filter.state) return bad("state can be queued, packed, succeeded, failed, cancelled or expired");
  }
  if (const auto channel = head.query_value("channel")) {
    if (!channel->empty() && !proto::is_channel_name(*channel)) return bad("channel must be the name of a channel");
    query.filter.channel = *channel;
  }
  query.filter.key = text("key");
  query.filter.group = text("group");
  query.filter.model = lane_model(engine, "", text("model"));
  const auto limit = number_parameter(head, "limit", kShownDefault, 1, kShownMax);
  if (!limit) return bad("limit is a number from 1 to " + std::to_string(kShownMax));
  query.limit = static_cast<int>(*limit);
  if (const auto cursor = head.query_value("cursor")) {
    const auto before = core::parse_id<core::RequestId>(*cursor);
    if (!before) return bad("cursor must be the \"next\" of an earlier page");
    query.before = *before;
  }
  return query;
}

}  // namespace

Task<void> list_requests(Desk& desk, Exchange& exchange, std::string_view) {
  auto problem = check_parameters(exchange.head(), {"state", "model", "key", "group", "channel", "limit", "cursor"});
  const auto query = read_query(exchange.head(), desk.engine);
  if (!problem && !query) problem = make_problem(400, "bad_parameter", query.error().detail);
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  core::RequestPage shown{.requests = {}, .next = query->before};
  for (int looks = 0; looks < kLooksMax && std::ssize(shown.requests) < query->limit; ++looks) {
    const int wanted = query->limit - static_cast<int>(shown.requests.size());
    auto page = co_await desk.engine.store.read(&core::Store::list_requests, exchange.peer().owner, query->filter,
                                                *shown.next, wanted);
    if (!page) {
      co_await reply_problem(exchange, problem_of(page.error()));
      co_return;
    }
    std::ranges::move(page->requests, std::back_inserter(shown.requests));
    shown.next = page->next;
    if (!shown.next) break;
  }
  co_await reply_json(exchange, 200, proto::listing_json(shown));
}

}  // namespace batchd::daemon
