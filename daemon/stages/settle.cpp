// settle: deals with batches that are over without a run. None of their requests was executed, so no attempt is
// counted.
//   unsealed  members go back to the queue
//   fenced    all members move to one child batch, whose wire keys are new
//   refused   the batch is cut by owner (if there are few), then by half, until the poison is alone and fails with the
//             provider's words
// A batch whose members have all ended meanwhile is done without child batches.
#include "core/check.h"
#include "core/limits.h"
#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::SplitRule;

namespace {

constexpr std::int64_t kParallelSettles = 4;
constexpr std::int64_t kOwnersCutMax = 8;  // each owner costs one of the lineage's creates; halving costs two
constexpr core::Duration kBisectionTimeMax = std::chrono::hours(72);  // within which a lineage's bisection must end

core::RequestError words_of(const core::Batch& batch) {
  if (batch.error && !batch.error->message.empty()) return *batch.error;
  const bool job_failed = batch.end == core::JobEnd::failed;
  const auto kind = batch.refusal == core::RefusedFor::model ? core::ErrorClass::not_found
                    : job_failed                             ? core::ErrorClass::internal
                                                             : core::ErrorClass::invalid;
  auto words = batch.message;
  if (words.empty())
    words =
        job_failed ? "the batch job failed without a word from the provider" : "the provider refused it without a word";
  auto error = batch.error.value_or(core::own_error(kind, ""));
  error.message = std::move(words);
  error.source = core::ErrorSource::provider;
  return error;
}

}  // namespace

SettleStage::SettleStage(Engine& engine)
    : BatchStage(engine, engine.wakeups.settle, {BatchState::refused, BatchState::fenced, BatchState::unsealed},
                 &kParallelSettles) {}

Task<core::Duration> SettleStage::advance(core::Batch batch, Progress&) {
  if (batch.state == BatchState::fenced) co_return co_await split(std::move(batch), SplitRule::whole);
  if (batch.state == BatchState::refused) co_return co_await settle_refused(std::move(batch));
  CHECK(batch.state == BatchState::unsealed);
  for (bool more = true; more;) {
    auto returned = co_await engine_.store.state(&core::Store::return_members, batch.id, engine_.clock.wall());
    if (!returned) co_return pause_unless(false);
    more = returned->more;
    engine_.announce(*returned);
  }
  const auto moved = co_await engine_.mark(batch, BatchState::done);
  co_return pause_unless(moved.has_value());
}

Task<core::Duration> SettleStage::settle_refused(core::Batch batch) {
  if (batch.refusal == core::RefusedFor::model) co_return co_await fail_all(batch, words_of(batch));
  const auto root = co_await engine_.store.read(&core::Store::get_batch, batch.root);
  const auto owners = co_await engine_.store.read(&core::Store::count_owners, batch.id);
  if (!root || !owners) co_return pause_unless(false);
  // A lineage's bisection begins when its first batch is refused, however long that one had waited before.
  const bool late =
      root->refusal != core::RefusedFor::none && engine_.clock.wall() - root->state_since >= kBisectionTimeMax;
  const bool bound_reached = root->creates >= core::kCreatesPerRootMax || late;
  // If none of the lines that the provider named is ours, the batch is as it was: sent whole, it would be refused again
  // and again.
  const bool lines_failed = batch.refusal == core::RefusedFor::lines && batch.lines.failed > 0;
  if (lines_failed && !bound_reached) co_return co_await split(std::move(batch), SplitRule::whole);
  if (batch.items <= 1 || bound_reached) {
    // The provider's words may be about one member alone, and quote it.
    auto words = words_of(batch);
    if (*owners > 1 || batch.refusal == core::RefusedFor::lines) {
      words.message = "the provider refused the batch of this request and others; send it alone to hear why";
    }
    co_return co_await fail_all(batch, std::move(words));
  }
  const bool by_owner = *owners > 1 && *owners <= kOwnersCutMax;
  co_return co_await split(std::move(batch), by_owner ? SplitRule::by_owner : SplitRule::halve);
}

Task<core::Duration> SettleStage::split(core::Batch batch, SplitRule rule) {
  for (;;) {
    const auto step = co_await engine_.store.state(&core::Store::split, batch.id, rule, engine_.clock.wall());
    if (!step) co_return pause_unless(false);
    if (step->finished) break;
  }
  log_event(LogLevel::info, "batch_split", {{"batch", batch.id}, {"from", core::to_text(batch.state)}});
  engine_.wakeups.wake(BatchState::sealed);
  engine_.wakeups.wake(BatchState::done);
  co_return core::Duration::zero();
}

Task<core::Duration> SettleStage::fail_all(core::Batch batch, core::RequestError error) {
  if (batch.items > 1) error.body.clear();  // it may be about one member alone, and is long
  for (bool more = true; more;) {
    auto failed = co_await engine_.store.outcome(&core::Store::fail_members, batch.id, std::span<const std::int64_t>(),
                                                 error, engine_.clock.wall());
    if (!failed) co_return pause_unless(false);
    more = failed->more;
    engine_.announce(*failed);
  }
  const auto moved = co_await engine_.mark(batch, BatchState::done);
  co_return pause_unless(moved.has_value());
}

}  // namespace batchd::daemon
