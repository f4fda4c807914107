// Takes a request's body into the store: up to a chunk stays in memory, a longer body is spooled. More than
// kBodyBytesWithoutSeat of it in memory needs a seat (body_seats.h).
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

  // Reads the next piece of the body, as Exchange::read_body() does. Gives up if the body arrives slowly while others
  // wait for its seat. problem_of_body() returns the problem to report for an error.
  Task<core::Result<std::string>> read_body(Exchange& exchange);
  proto::Problem problem_of_body(const core::Error& error) const;
  // Call before `bytes` bytes of bodies are in memory. Waits for a seat if they need one; Errc::queue_full if none
  // became free.
  Task<core::Result<void>> hold(std::int64_t bytes);
  // Gives up the seat: call once none of the bytes is in memory any more.
  void let_go() { seat_.leave(); }

  // Call after each addition to request.body: spools full chunks of it. `besides` is the number of bytes of other
  // requests that the caller has in memory. Errors as of hold() and of the store.
  Task<core::Result<void>> take(core::NewRequest& request, std::int64_t besides = 0);
  // Call when the body is complete: afterwards it is in request.body, or all of it in request.spooled.
  Task<core::Result<void>> finish(core::NewRequest& request);
  // Like finish(), but always spools the body, so that none of it stays in memory.
  Task<core::Result<void>> put_away(core::NewRequest& request);
  // Discards the spooled body, if any, and frees the bytes and the seat in memory. Call if no request will adopt the
  // body.
  Task<void> discard(core::NewRequest& request);

 private:
  Task<core::Result<void>> begin(core::NewRequest& request);
  Task<core::Result<std::string>> read_seated(Exchange& exchange);

  StoreClient& store_;
  BodySeats::Seat seat_;
};

// Passes a piece of a call's body to the call's reader, which appends what belongs to the request to `request_out`.
// Returns false if the reader has found a fault and takes no more.
using FeedBody = std::function<bool(std::string_view piece, std::string& request_out)>;

// Reads the call's body into `request`. Returns a problem if it can't be read or spooled; the caller must then discard
// the spooled body. A fault that the reader finds ends the reading without a problem: the caller asks the reader for
// it. The caller also appends what the reader's own `finish` yields, and calls BodySpool::finish().
Task<std::optional<proto::Problem>> receive_request(Exchange& exchange, BodySpool& spool, core::NewRequest& request,
                                                    const FeedBody& feed);

}  // namespace batchd::daemon
