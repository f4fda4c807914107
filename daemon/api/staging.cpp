#include "daemon/api/staging.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "core/limits.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

Task<core::Result<std::string>> Staging::read_body(Exchange& exchange) {
  return seat_.taken() ? read_seated(exchange) : exchange.read_body();
}

Task<core::Result<std::string>> Staging::read_seated(Exchange& exchange) {
  using namespace asio::experimental::awaitable_operators;
  if (!seat_.is_wanted()) {
    auto read = co_await (exchange.read_body() || seat_.wanted());
    if (read.index() == 0) {
      auto& piece = std::get<0>(read);
      if (piece) seat_.came(std::ssize(*piece));
      co_return std::move(piece);
    }
  }
  co_return core::Error{core::Errc::invalid, "the body came too slowly"};
}

Problem Staging::problem_of_body(const core::Error& error) const {
  if (!seat_.is_wanted() || error.code == core::Errc::stopping) return problem_of(error);
  return make_problem(408, "body_too_slow", "the body came slowly, and others wait for its place in memory", true,
                      "send it again, at 64 KiB/s or more, or in bodies of up to 64 KiB");
}

Task<core::Result<void>> Staging::hold(std::int64_t bytes) {
  if (!seat_.taken() && bytes > kBodyBytesWithoutSeat) {
    const bool seated = co_await seat_.take();
    if (!seated) co_return core::Error{core::Errc::queue_full, "too many large bodies come in at the same time"};
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> Staging::take(core::NewRequest& request, std::int64_t besides) {
  auto held = co_await hold(besides + std::ssize(request.body));
  if (!held) co_return held;
  while (request.body.size() > core::kChunkBytesMax) {
    auto begun = co_await begin(request);
    if (!begun) co_return begun;
    const auto chunk = std::string_view(request.body).substr(0, core::kChunkBytesMax);
    auto appended = co_await store_.intake(&core::Store::stage_append, request.staged, chunk);
    if (!appended) co_return appended;
    request.body.erase(0, core::kChunkBytesMax);
    request.body.shrink_to_fit();  // else it keeps the room of the largest it has ever been
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> Staging::begin(core::NewRequest& request) {
  if (request.staged) co_return core::Result<void>();
  const auto stage = co_await store_.intake(&core::Store::stage_begin, core::Staging::request, request.owner);
  if (!stage) co_return stage.error();
  request.staged = *stage;
  co_return core::Result<void>();
}

Task<core::Result<void>> Staging::put_away(core::NewRequest& request) {
  auto begun = co_await begin(request);
  if (!begun) co_return begun;
  co_return co_await finish(request);
}

Task<core::Result<void>> Staging::finish(core::NewRequest& request) {
  auto taken = co_await take(request);
  if (!taken || !request.staged) co_return taken;
  auto appended = co_await store_.intake(&core::Store::stage_append, request.staged, std::string_view(request.body));
  std::string().swap(request.body);  // an assignment would keep its room
  co_return appended;
}

Task<void> Staging::discard(core::NewRequest& request) {
  std::string().swap(request.body);
  let_go();  // what is said next may be read slowly
  if (!request.staged) co_return;
  co_await store_.intake(&core::Store::stage_discard, request.staged);
  request.staged = {};
}

Task<std::optional<Problem>> receive_request(Exchange& exchange, Staging& staging, core::NewRequest& request,
                                             const FeedBody& feed) {
  for (;;) {
    auto piece = co_await staging.read_body(exchange);
    if (!piece) co_return staging.problem_of_body(piece.error());
    if (piece->empty() || !feed(*piece, request.body)) co_return std::nullopt;
    auto taken = co_await staging.take(request);
    if (!taken) co_return problem_of(taken.error());
  }
}

}  // namespace batchd::daemon
