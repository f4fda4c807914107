#include "daemon/api/body_spool.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "core/limits.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

Task<core::Result<std::string>> BodySpool::read_body(Exchange& exchange) {
  return seat_.taken() ? read_seated(exchange) : exchange.read_body();
}

Task<core::Result<std::string>> BodySpool::read_seated(Exchange& exchange) {
  using namespace asio::experimental::awaitable_operators;
  if (!seat_.is_wanted()) {
    auto read = co_await (exchange.read_body() || seat_.eviction_requested());
    if (read.index() == 0) {
      auto& piece = std::get<0>(read);
      if (piece) seat_.received(std::ssize(*piece));
      co_return std::move(piece);
    }
  }
  co_return core::Error{core::Errc::invalid, "the body came too slowly"};
}

Problem BodySpool::problem_of_body(const core::Error& error) const {
  if (!seat_.is_wanted() || error.code == core::Errc::stopping) return problem_of(error);
  return make_problem(408, "body_too_slow", "the body came slowly, and others wait for its place in memory", true,
                      "send it again, at 64 KiB/s or more, or in bodies of up to 64 KiB");
}

Task<core::Result<void>> BodySpool::hold(std::int64_t bytes) {
  if (!seat_.taken() && bytes > kBodyBytesWithoutSeat) {
    const bool seated = co_await seat_.take();
    if (!seated) co_return core::Error{core::Errc::queue_full, "too many large bodies come in at the same time"};
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> BodySpool::take(core::NewRequest& request, std::int64_t besides) {
  auto held = co_await hold(besides + std::ssize(request.body));
  if (!held) co_return held;
  while (request.body.size() > core::kChunkBytesMax) {
    auto begun = co_await begin(request);
    if (!begun) co_return begun;
    const auto chunk = std::string_view(request.body).substr(0, core::kChunkBytesMax);
    auto appended = co_await store_.intake(&core::Store::spool_append, request.spooled, chunk);
    if (!appended) co_return appended;
    request.body.erase(0, core::kChunkBytesMax);
    request.body.shrink_to_fit();  // else it would keep the capacity of its largest size
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> BodySpool::begin(core::NewRequest& request) {
  if (request.spooled) co_return core::Result<void>();
  const auto begun = co_await store_.intake(&core::Store::spool_begin, core::SpoolPurpose::request, request.owner);
  if (!begun) co_return begun.error();
  request.spooled = *begun;
  co_return core::Result<void>();
}

Task<core::Result<void>> BodySpool::put_away(core::NewRequest& request) {
  auto begun = co_await begin(request);
  if (!begun) co_return begun;
  co_return co_await finish(request);
}

Task<core::Result<void>> BodySpool::finish(core::NewRequest& request) {
  auto taken = co_await take(request);
  if (!taken || !request.spooled) co_return taken;
  auto appended = co_await store_.intake(&core::Store::spool_append, request.spooled, std::string_view(request.body));
  std::string().swap(request.body);  // an assignment would keep its capacity
  co_return appended;
}

Task<void> BodySpool::discard(core::NewRequest& request) {
  std::string().swap(request.body);
  let_go();  // the client may read the answer slowly
  if (!request.spooled) co_return;
  co_await store_.intake(&core::Store::spool_discard, request.spooled);
  request.spooled = {};
}

Task<std::optional<Problem>> receive_request(Exchange& exchange, BodySpool& spool, core::NewRequest& request,
                                             const FeedBody& feed) {
  for (;;) {
    auto piece = co_await spool.read_body(exchange);
    if (!piece) co_return spool.problem_of_body(piece.error());
    if (piece->empty() || !feed(*piece, request.body)) co_return std::nullopt;
    auto taken = co_await spool.take(request);
    if (!taken) co_return problem_of(taken.error());
  }
}

}  // namespace batchd::daemon
