// POST /v1/requests: from the bytes of a body to a durable request. The answer is written after the commit, never
// before.
#include <charconv>
#include <optional>

#include "core/limits.h"
#include "daemon/api.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

constexpr core::Duration kWaitMax = std::chrono::hours(48);

// RFC 7240: Prefer: wait=10. Other preferences are ignored, as the RFC asks.
std::optional<core::Duration> preferred_wait(std::string_view prefer) {
  constexpr std::string_view kWait = "wait=";
  const auto at = prefer.find(kWait);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const auto digits = prefer.substr(at + kWait.size());
  if (std::from_chars(digits.data(), digits.data() + digits.size(), seconds).ec != std::errc{}) return std::nullopt;
  return std::clamp<core::Duration>(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 1'000'000)), {},
                                    kWaitMax);
}

bool is_idempotency_key(std::string_view key) {
  if (key.size() > core::kIdempotencyKeyBytesMax) return false;
  for (const char c : key)
    if (c <= ' ' || c > '~') return false;
  return true;
}

// The request's body on its way into the store: in memory up to a chunk, staged beyond.
class Staging {
 public:
  explicit Staging(StoreClient& store) : store_(store) {}

  Task<core::Result<void>> take(core::NewRequest& request) {
    while (request.body.size() > core::kChunkBytesMax) {
      if (!request.staged) {
        auto stage = co_await store_.intake(&core::Store::stage_begin, core::Staging::request);
        if (!stage) co_return stage.error();
        request.staged = *stage;
      }
      const auto chunk = std::string_view(request.body).substr(0, core::kChunkBytesMax);
      auto appended = co_await store_.intake(&core::Store::stage_append, request.staged, chunk);
      if (!appended) co_return appended;
      request.body.erase(0, core::kChunkBytesMax);
    }
    co_return core::Result<void>();
  }
  Task<core::Result<void>> finish(core::NewRequest& request) {
    if (!request.staged) co_return core::Result<void>();
    auto appended = co_await store_.intake(&core::Store::stage_append, request.staged, std::string_view(request.body));
    request.body.clear();
    co_return appended;
  }
  Task<void> abandon(core::NewRequest& request) {
    if (request.staged) co_await store_.intake(&core::Store::stage_discard, request.staged);
  }

 private:
  StoreClient& store_;
};

// Reads and checks the whole call. Nothing is accepted yet; a problem leaves nothing behind.
Task<std::optional<Problem>> read_submission(Exchange& exchange, Engine& engine, core::NewRequest& request) {
  Staging staging(engine.store);
  proto::SubmissionReader reader;
  std::optional<json::Sha256> fingerprint;  // setting one up is dear: only for those who need it
  if (!request.idempotency_key.empty()) fingerprint.emplace();
  std::optional<Problem> problem;
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) problem = problem_of(piece.error());
    if (!piece || piece->empty()) break;
    if (fingerprint) fingerprint->update(*piece);
    if (!reader.feed(*piece, request.body)) break;  // finish() says why
    if (auto taken = co_await staging.take(request); !taken) problem = problem_of(taken.error());
    if (problem) break;
  }
  if (!problem) {
    if (auto submission = reader.finish()) {
      request.lane = {submission->account, submission->endpoint, submission->model};
      request.key = std::move(submission->key);
      request.tokens = submission->tokens;
      if (fingerprint) request.fingerprint = fingerprint->finish();
      if (engine.accounts.find(request.lane.account) == nullptr)
        problem = Problem{400, "unknown_account", "there is no account \"" + request.lane.account + '"', false, ""};
    } else {
      const auto& fault = reader.fault();
      problem = Problem{fault.status, fault.code, fault.detail, false, ""};
    }
  }
  if (!problem) {
    if (auto finished = co_await staging.finish(request); !finished) problem = problem_of(finished.error());
  }
  if (problem) co_await staging.abandon(request);
  co_return problem;
}

}  // namespace

Task<void> Api::submit(Exchange& exchange, std::string_view) {
  if (engine_.stopping) {
    co_await reply_problem(exchange, stopping_problem());
    co_return;
  }
  core::NewRequest request;
  request.owner = exchange.peer().owner;
  request.idempotency_key = exchange.head().header("idempotency-key");
  if (!is_idempotency_key(request.idempotency_key)) {
    co_await reply_problem(exchange,
                           make_problem(400, "bad_idempotency_key",
                                        "an Idempotency-Key has 1 to 255 printable ASCII characters without spaces"));
    co_return;
  }
  if (auto problem = co_await read_submission(exchange, engine_, request)) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  const auto lane = request.lane;
  const auto key = request.key;
  const auto staged = request.staged;
  // Moved into the verb, not copied: this is the hot path.
  auto accept = [request = std::move(request), wall = engine_.clock.wall()](core::Store& store) {
    return store.accept(request, wall);
  };
  const auto accepted = co_await engine_.store.together(storage::VerbClass::intake, std::move(accept));
  if (staged && (!accepted || accepted->replayed))  // nobody has adopted it
    co_await engine_.store.intake(&core::Store::stage_discard, staged);
  if (!accepted) {
    auto problem = problem_of(accepted.error());
    if (accepted.error().code == core::Errc::conflict)
      problem = {422, "idempotency_key_reused", "this Idempotency-Key was used with another body", false,
                 "use a new key for a new request"};
    co_await reply_problem(exchange, std::move(problem));
    co_return;
  }
  if (!accepted->replayed) engine_.bells.pack.poke();
  const auto wait = preferred_wait(exchange.head().header("prefer"));
  if (wait || accepted->replayed) {
    co_await answer_when_finished(exchange, accepted->id, wait.value_or(core::Duration::zero()), 202);
    co_return;
  }
  core::RequestView view{.id = accepted->id,
                         .lane = lane,
                         .key = key,
                         .state = core::RequestState::queued,
                         .created_at = accepted->created_at};
  co_await answer_with(exchange, view, 202);
}

}  // namespace batchd::daemon
