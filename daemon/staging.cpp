#include "daemon/staging.h"

#include <utility>

#include "core/limits.h"
#include "daemon/api.h"

namespace batchd::daemon {

Task<core::Result<void>> Staging::hold(std::int64_t bytes) {
  if (!seated_ && bytes > kBodyBytesWithoutSeat) {
    seated_ = co_await seats_.take(owner_);
    if (!seated_) co_return core::Error{core::Errc::queue_full, "too many large bodies come in at the same time"};
  }
  co_return core::Result<void>();
}

void Staging::let_go() {
  if (std::exchange(seated_, false)) seats_.give_back(owner_);
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
  request.body = {};
  co_return appended;
}

Task<void> Staging::discard(core::NewRequest& request) {
  if (!request.staged) co_return;
  co_await store_.intake(&core::Store::stage_discard, request.staged);
  request.staged = {};
}

Task<std::optional<Problem>> receive_request(Exchange& exchange, Staging& staging, core::NewRequest& request,
                                             const FeedBody& feed) {
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return problem_of(piece.error());
    if (piece->empty() || !feed(*piece, request.body)) co_return std::nullopt;
    auto taken = co_await staging.take(request);
    if (!taken) co_return problem_of(taken.error());
  }
}

}  // namespace batchd::daemon
