#include "daemon/fronts/event_exchange.h"

#include <boost/asio/this_coro.hpp>

namespace batchd::daemon {
namespace {

// The SDKs recognise an error in a stream only if it arrives alone, not in one piece with what was sent before.
constexpr std::chrono::milliseconds kAlone{50};

}  // namespace

Task<bool> EventExchange::interim() {
  if (!begun_) {
    begun_ = true;
    const bool open = co_await inner_.begin_stream(event_head());
    if (!open) co_return false;
  }
  co_return co_await inner_.write("\n\n");
}

Task<bool> EventExchange::begin_stream(ReplyHead head) {
  if (begun_) co_return true;
  begun_ = true;
  co_return co_await inner_.begin_stream(std::move(head));
}

Task<bool> EventExchange::reply(ReplyHead head, std::string body) {
  if (!begun_) co_return co_await inner_.reply(std::move(head), std::move(body));
  Timer pause(co_await asio::this_coro::executor, kAlone);
  co_await pause.async_wait(as_tuple_task);
  while (body.ends_with('\n')) body.pop_back();  // one empty line, as after any event
  body += "\n\n";
  bool open = co_await inner_.write(body);
  if (open) open = co_await inner_.end_stream();
  co_return open;
}

}  // namespace batchd::daemon
