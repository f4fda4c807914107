// settle: deals with batches that are over without a run. None of their requests was executed, so no attempt is
// counted.
//   unsealed  members go back to the queue
//   fenced    all members move to one child batch, whose wire keys are new
//   refused   what the refusal proves, and what is tried next, says core/refusal.h; if the answer alone doesn't tell
//   what
//             was refused, the provider is asked (doubt.cpp)
// A batch whose members have all ended meanwhile is done without child batches.
#include "core/check.h"
#include "core/refusal.h"
#include "daemon/net/log.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::SplitRule;

namespace {

constexpr std::int64_t kParallelSettles = 16;  // some wait for the provider's answers

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

Task<core::Duration> SettleStage::advance(core::Batch batch, Progress& progress) {
  if (batch.state == BatchState::fenced) co_return co_await split(std::move(batch), SplitRule::whole);
  if (batch.state == BatchState::refused) co_return co_await settle_refused(std::move(batch), progress);
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

// What is known of a refused batch when a step is chosen.
struct SettleStage::Known {
  core::Evidence evidence;
  core::WallTime since;  // the first refusal without an explanation
};

Task<core::Result<SettleStage::Known>> SettleStage::gather(const core::Batch& batch, const Account* account) {
  auto look =
      [id = batch.id](core::Store& store) -> core::Result<std::tuple<core::Batch, core::Batch, core::OwnerCounts>> {
    const auto fresh = store.get_batch(id);
    if (!fresh) return fresh.error();
    const auto root = store.get_batch(fresh->root);
    if (!root) return root.error();
    const auto part = store.get_batch(fresh->part);
    if (!part) return part.error();
    const auto owners = store.count_owners(id);
    if (!owners) return owners.error();
    return std::tuple(*root, *part, *owners);
  };
  const auto seen = co_await engine_.store.together(storage::VerbClass::state, std::move(look));
  if (!seen) co_return seen.error();
  const auto& [root, part, owners] = *seen;
  Known known;
  known.since = batch.unexplained_since.value_or(batch.create_at.value_or(batch.state_since));
  known.evidence = {
      .refusal = batch.refusal,
      .items = batch.items,
      .owners = owners.waiting,
      .named_owners = owners.named,
      .lines_failed = (batch.refusal == core::RefusedFor::lines || batch.refusal == core::RefusedFor::owners) &&
                      batch.lines.failed > 0,
      .suspicious = batch.suspicious,
      .creates = part.creates};
  // A lineage's bisection begins when its first batch is refused, however long that one had waited before.
  known.evidence.late =
      root.refusal != core::RefusedFor::none && engine_.clock.wall() - root.state_since >= core::kBisectionTimeMax;
  if (batch.refusal == core::RefusedFor::unexplained && account != nullptr) {
    known.evidence.first_time = !batch.unexplained_since;
    known.evidence.was_cut = batch.unexplained_since && *batch.unexplained_since < batch.created_at;
    known.evidence.accepted_since = account->accepted_with == batch.credential &&
                                    core::accepted_lately(account->accepted_at, known.since, batch.state_since);
  }
  co_return known;
}

Task<core::Duration> SettleStage::settle_refused(core::Batch batch, Progress& progress) {
  if (batch.packed == 0) {
    forget_trouble_of(batch);
    co_return co_await split(std::move(batch), SplitRule::whole);
  }
  if (batch.refusal == core::RefusedFor::model) co_return co_await fail_all(batch, words_of(batch));
  auto* account = account_of(batch);
  if (batch.refusal == core::RefusedFor::unexplained) {
    if (account == nullptr) co_return engine_.config.retry.max;
    if (account->paused(now())) co_return account->paused_until - now();
    if (const auto pause = co_await look_into(batch, *account, progress)) co_return *pause;
  }
  if (batch.refusal == core::RefusedFor::poison) {
    if (account == nullptr) co_return engine_.config.retry.max;
    if (account->paused(now())) co_return account->paused_until - now();
    if (const auto pause = co_await doubt_account(batch, *account, progress)) co_return *pause;
  }
  auto known = co_await gather(batch, account);
  if (!known) co_return pause_unless(false);
  known->evidence.incomplete = progress.phase == kMoreIsNamed;
  switch (core::next_step(known->evidence)) {
    case core::NextStep::fail:
      co_return co_await fail_alone(std::move(batch));
    case core::NextStep::again:
      co_return co_await split(std::move(batch), SplitRule::whole);
    case core::NextStep::halve_owners:
      co_return co_await split(std::move(batch), SplitRule::halve_owners);
    case core::NextStep::named_owners:
      co_return co_await split(std::move(batch), SplitRule::named_owners);
    case core::NextStep::halve:
      co_return co_await split(std::move(batch), SplitRule::halve);
    case core::NextStep::suspect:
      co_return co_await suspect(std::move(batch), known->evidence.lines_failed);
    case core::NextStep::once_more: {
      const core::BatchPatch patch{.not_before = engine_.clock.wall() + engine_.config.retry.first,
                                   .unexplained_since = known->since};
      const auto moved = co_await engine_.mark(batch, BatchState::uploaded, patch);
      co_return pause_unless(moved.has_value());
    }
    case core::NextStep::wait:
      co_return co_await wait_for_account(std::move(batch), *account, known->since);
  }
  co_return pause_unless(false);
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

// Moves the members to their owner's suspicious queue. A suspicious batch that was refused as a whole makes the next
// one smaller.
Task<core::Duration> SettleStage::suspect(core::Batch batch, bool lines_failed) {
  if (batch.suspicious && !lines_failed) {
    auto shrink = [&](core::Store& store) -> core::Result<void> {
      const auto suspicion = store.suspicion(batch.id);
      if (!suspicion) return {};  // all members have ended
      return store.set_suspicion(batch.id, core::after_suspicious_refusal(*suspicion, batch.items));
    };
    if (!co_await engine_.store.together(storage::VerbClass::state, shrink)) co_return pause_unless(false);
  }
  std::int64_t requests = 0;
  for (bool more = true; more;) {
    auto moved = co_await engine_.store.state(&core::Store::suspect_members, batch.id, engine_.clock.wall());
    if (!moved) co_return pause_unless(false);
    more = moved->more;
    requests += moved->requeued;
    engine_.announce(*moved);
  }
  if (!batch.suspicious) log_event(LogLevel::warn, "requests_suspected", {{"batch", batch.id}, {"requests", requests}});
  const auto moved = co_await engine_.mark(batch, BatchState::done);
  co_return pause_unless(moved.has_value());
}

// The batch had one request, which is the one at fault.
Task<core::Duration> SettleStage::fail_alone(core::Batch batch) {
  const core::LineRefusal only{1, words_of(batch)};
  const auto failed = co_await engine_.store.outcome(
      &core::Store::fail_lines, batch.id, std::span<const core::LineRefusal>(&only, 1), engine_.clock.wall());
  if (!failed) co_return pause_unless(false);
  engine_.announce(*failed);
  const auto moved = co_await engine_.mark(batch, BatchState::done);
  co_return pause_unless(moved.has_value());
}

Task<core::Duration> SettleStage::fail_all(core::Batch batch, core::RequestError error) {
  if (batch.items > 1) error.body.clear();  // it is long
  for (bool more = true; more;) {
    auto failed = co_await engine_.store.outcome(&core::Store::fail_members, batch.id, error, engine_.clock.wall());
    if (!failed) co_return pause_unless(false);
    more = failed->more;
    engine_.announce(*failed);
  }
  const auto moved = co_await engine_.mark(batch, BatchState::done);
  co_return pause_unless(moved.has_value());
}

}  // namespace batchd::daemon
