// The exchange of a front's call that is answered with server-sent events. While it waits, interim() begins the stream
// and keeps it alive with empty lines, which every SDK passes over. Whoever answers needn't know whether it has begun:
// an error is a status before that, and a body in Google's own shape after it.
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
