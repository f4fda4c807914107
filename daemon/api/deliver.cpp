// GET /v1/requests/{id}.
#include "daemon/api/api.h"
#include "daemon/api/calls.h"
#include "daemon/api/reply.h"
#include "daemon/api/wait.h"

namespace batchd::daemon {

Task<void> get_request(Desk& desk, Exchange& exchange, std::string_view id) {
  const auto request = core::parse_id<core::RequestId>(id);
  const auto wait = wait_parameter(exchange.head());
  if (!wait) {
    co_await reply_problem(exchange, make_problem(400, "bad_wait", "wait is a whole number of seconds"));
    co_return;
  }
  if (!request) {  // not an id: answered like an id of another owner's request
    co_await reply_problem(exchange, make_problem(404, "not_found", "no such request"));
    co_return;
  }
  co_await answer_when_finished(desk, exchange, *request, *wait, 200);
}

}  // namespace batchd::daemon
