// The exchange of a vendor front's call that is answered with server-sent events. While the call waits, interim()
// begins the stream and keeps it alive with empty lines, which every SDK ignores. The handler need not know whether the
// stream has begun: reply() sends an error with its HTTP status before that, and as a body in Google's own shape within
// the stream after it.
#pragma once

#include "daemon/api/exchange_around.h"

namespace batchd::daemon {

class EventExchange final : public ExchangeAround {
 public:
  using ExchangeAround::ExchangeAround;
  Task<bool> interim() override;
  Task<bool> reply(ReplyHead head, std::string body) override;
  Task<bool> begin_stream(ReplyHead head) override;

 private:
  bool begun_ = false;
};

inline ReplyHead event_head() { return {200, "text/event-stream", {}}; }

}  // namespace batchd::daemon
