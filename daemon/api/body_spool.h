// A request's body on its way into the store: in memory up to a chunk, spooled beyond. More than a little of it in
// memory needs a seat (body_seats.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/types.h"
#include "daemon/engine/body_seats.h"
#include "daemon/engine/store_client.h"
#include "daemon/http/http_server.h"
#include "proto/api/api.h"

namespace batchd::daemon {

class BodySpool {
 public:
  BodySpool(StoreClient& store, BodySeats& seats, core::OwnerId owner) : store_(store), seat_(seats, owner) {}
  BodySpool(const BodySpool&) = delete;

  // Exchange::read_body(), which is given up when the body comes slowly and others wait for its seat. problem_of_body()
  // says what an error of it means.
  Task<core::Result<std::string>> read_body(Exchange& exchange);
  proto::Problem problem_of_body(const core::Error& error) const;
  // Before so many bytes are in memory. Errc::queue_full: there is no seat for them.
  Task<core::Result<void>> hold(std::int64_t bytes);
  // Nothing of them is in memory any more.
  void let_go() { seat_.leave(); }

  // After each addition to request.body: takes full chunks off it. `besides`: bytes of others that the caller has in
  // memory. Errors of hold(), too.
  Task<core::Result<void>> take(core::NewRequest& request, std::int64_t besides = 0);
  // The body is complete: it is in request.body, or all of it in request.spooled.
  Task<core::Result<void>> finish(core::NewRequest& request);
  // The same, and none of it stays in memory.
  Task<core::Result<void>> put_away(core::NewRequest& request);
  // Nobody will adopt it. Nothing of it is in memory any more.
  Task<void> discard(core::NewRequest& request);

 private:
  Task<core::Result<void>> begin(core::NewRequest& request);
  Task<core::Result<std::string>> read_seated(Exchange& exchange);

  StoreClient& store_;
  BodySeats::Seat seat_;
};

// Gives a piece of a call's body to its reader, which appends what belongs to the request. False: that's enough, the
// reader has a fault.
using FeedBody = std::function<bool(std::string_view piece, std::string& request_out)>;

// The call's body into `request`. A problem leaves a stage that must be discarded; a fault of the reader is no problem
// yet. What `finish` of the reader appends, and BodySpool::finish, are the caller's.
Task<std::optional<proto::Problem>> receive_request(Exchange& exchange, BodySpool& spool, core::NewRequest& request,
                                                    const FeedBody& feed);

}  // namespace batchd::daemon
