// A request's body on its way into the store: in memory up to a chunk, staged beyond.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/types.h"
#include "daemon/http_server.h"
#include "daemon/store_client.h"
#include "proto/api.h"

namespace batchd::daemon {

class Staging {
 public:
  explicit Staging(StoreClient& store) : store_(store) {}

  // After each addition to request.body: takes full chunks off it.
  Task<core::Result<void>> take(core::NewRequest& request);
  // The body is complete: it is in request.body, or all of it in request.staged.
  Task<core::Result<void>> finish(core::NewRequest& request);
  // Nobody will adopt it.
  Task<void> discard(core::NewRequest& request);

 private:
  StoreClient& store_;
};

// Gives a piece of a call's body to its reader, which appends what belongs to the request. False: that's enough, the
// reader has a fault.
using FeedBody = std::function<bool(std::string_view piece, std::string& request_out)>;

// The call's body into `request`. A problem leaves a stage that must be discarded; a fault of the reader is no problem
// yet. What `finish` of the reader appends, and Staging::finish, are the caller's.
Task<std::optional<proto::Problem>> receive_request(Exchange& exchange, Staging& staging, core::NewRequest& request,
                                                    const FeedBody& feed);

}  // namespace batchd::daemon
