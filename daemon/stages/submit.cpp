// submit: turns a sealed batch into a job. Money is spent here, so the order of effects is everything:
//   upload the file (upload.cpp) -> commit the intent (state creating, with tag and file) -> one POST, never repeated.
// What the answer proves decides where the batch goes. If it proves nothing, the batch becomes unclear, and reconcile
// finds out.
#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "core/check.h"
#include "core/limits.h"
#include "daemon/net/log.h"
#include "daemon/net/random.h"
#include "daemon/stages/input_files.h"
#include "daemon/stages/line_source.h"
#include "daemon/stages/refused_lines.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchPatch;
using core::BatchState;
using core::Fault;

namespace {

// How long before its end a file is taken for gone: by the provider's clock, and with time for the job to read it.
constexpr core::Duration kFileMargin = std::chrono::hours(1);

// Returns true if the provider may drop the file, or has dropped it, before the job reads it.
bool too_old(const Engine& engine, const core::Batch& batch, const Account& account) {
  if (!batch.uploaded_at) return true;
  const auto& caps = account.provider->caps();
  if (caps.input == core::Caps::Input::body) return false;
  const auto age_max =
      std::min<core::Duration>(engine.config.submission.file_age_max, caps.file_lifetime - kFileMargin);
  return engine.clock.wall() - *batch.uploaded_at > age_max;
}

}  // namespace

SubmitStage::SubmitStage(Engine& engine)
    : BatchStage(engine, engine.wakeups.submit, {BatchState::sealed, BatchState::uploading, BatchState::uploaded},
                 &engine.config.submission.concurrency) {}

Task<core::Duration> SubmitStage::advance(core::Batch batch, Progress& progress) {
  if (batch.packed == 0) {  // nobody waits for it any more
    ready_inputs_.erase(batch.id);
    forget_trouble_of(batch);
    const auto moved = co_await engine_.mark(batch, BatchState::unsealed);
    co_return pause_unless(moved.has_value());
  }
  auto* account = account_of(batch);
  if (account == nullptr) co_return engine_.config.retry.max;
  if (account->paused(now())) co_return account->paused_until - now();
  if (batch.state == BatchState::sealed) {
    const auto moved = co_await engine_.mark(batch, BatchState::uploading);
    co_return pause_unless(moved.has_value());
  }
  if (batch.state == BatchState::uploading) co_return co_await upload(std::move(batch), *account, progress);
  CHECK(batch.state == BatchState::uploaded);
  const auto id = batch.id;
  engine_.creates_under_way.insert(id);
  const auto pause = co_await create(std::move(batch), *account, progress);
  engine_.creates_under_way.erase(id);
  engine_.wakeups.wake(BatchState::creating);  // reconcile looks after what couldn't be recorded
  co_return pause;
}

Task<core::Duration> SubmitStage::create(core::Batch batch, Account& account, Progress& progress) {
  const auto wall = engine_.clock.wall();
  if (batch.not_before && wall < *batch.not_before) co_return *batch.not_before - wall;
  if (!account.may_create()) co_return engine_.config.polling.first;
  // If the account refuses creates, others try first: one that is accepted shows that the trouble is in this batch.
  const auto others_first = account.paused_until + 2 * engine_.config.retry.first;
  if (batch.unexplained_since && account.refuses_creates && now() < others_first) co_return others_first - now();
  const auto fits = co_await may_enqueue(engine_, batch);
  if (!fits) co_return pause_unless(false);
  if (!*fits) co_return engine_.config.polling.first;
  if (too_old(engine_, batch, account)) {  // the provider may drop the file before the job reads it
    const auto moved = co_await engine_.mark(batch, BatchState::uploading);
    co_return pause_unless(moved.has_value());
  }

  if (batch.suspicious) {
    const auto suspicion = co_await engine_.store.read(&core::Store::suspicion, batch.id);
    if (!suspicion) co_return pause_unless(false);
    if (wall < suspicion->next_at) co_return suspicion->next_at - wall;
  }
  if (const auto pause = co_await await_input(batch, account, progress); pause > core::Duration::zero())
    co_return pause;

  if (engine_.stopping) co_return pause_unless(false);  // nothing that costs money begins now

  // INTENT. From this commit on, a crash means: a job may exist, and only its tag can tell.
  const auto tag = batch.tag.empty() ? engine_.tag_prefix + random_text() : batch.tag;
  BatchPatch intent{.tag = tag, .credential = account.credential, .message = "", .create_at = wall};
  auto creating = co_await commit_intent(batch, std::move(intent));
  if (!creating) {
    if (creating.error().code != core::Errc::too_large) co_return pause_unless(false);
    const auto moved = co_await engine_.mark(batch, BatchState::uploading);  // upload() then refuses it
    co_return pause_unless(moved.has_value());
  }
  if (account.credential != creating->credential) {  // the key was changed meanwhile: the intent names the old one
    const auto moved = co_await engine_.mark(*creating, BatchState::uploaded);
    co_return pause_unless(moved.has_value());
  }

  ready_inputs_.erase(batch.id);
  // A stop lets the one call that costs money finish: only terminal cancellation, after the grace, ends it.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  const auto& provider = *account.provider;
  LineSource lines(engine_.store, provider, batch.lane);
  auto dialogue = provider.create({batch.lane, batch.id, batch.input_file, input_bytes(batch, provider), tag});
  auto answer = co_await converse(*account.link, *dialogue, &lines);
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());

  const auto* fault = std::get_if<Fault>(&answer);
  if (fault != nullptr && fault->kind == Fault::Kind::not_sent && lines.found_corruption()) {
    log_event(LogLevel::error, "stored_request_damaged", {{"batch", batch.id}});
    co_return co_await refuse(std::move(*creating), damaged_request());
  }
  if (fault != nullptr) co_return co_await after_create_fault(std::move(*creating), *fault, account, progress);
  auto job = std::get<core::JobView>(std::move(answer)).name;
  const auto anothers = co_await engine_.store.read(&core::Store::knows_job, batch.lane.account, job);
  if (!anothers) co_return pause_unless(false);
  if (*anothers) {
    const Fault wrong{.kind = Fault::Kind::unclear, .message = "the answer names a job that another batch has: " + job};
    co_return co_await after_create_fault(std::move(*creating), wrong, account, progress);
  }
  account_creates(account);
  account.accepted_at = engine_.clock.wall();
  account.accepted_with = creating->credential;
  engine_.metrics.created("created");
  BatchPatch patch{.job = std::move(job), .submitted_at = engine_.clock.wall()};
  const auto moved = co_await engine_.mark(*creating, BatchState::submitted, std::move(patch));
  if (!moved) co_return pause_unless(false);
  if (batch.suspicious) co_await trust_more(*moved);
  co_await learn_from_create(engine_, *moved);  // if this fails, the next create teaches the same
  co_return core::Duration::zero();
}

// Commits the intent, and in the same transaction looks at the batch a last time before money is spent: its members may
// have been cancelled (Errc::stale), and a sibling may have used up the creates of its part of the lineage
// (Errc::too_large). A suspicious batch uses up its owner's turn in the same transaction (Errc::stale: it isn't due).
Task<core::Result<core::Batch>> SubmitStage::commit_intent(const core::Batch& batch, BatchPatch patch) {
  auto intent = [id = batch.id, patch = std::move(patch),
                 wall = engine_.clock.wall()](core::Store& store) -> core::Result<core::Batch> {
    const auto fresh = store.get_batch(id);
    if (!fresh) return fresh.error();
    if (fresh->packed == 0) return core::Error{core::Errc::stale, "nobody waits for it any more"};
    const auto part = store.get_batch(fresh->part);
    if (!part) return part.error();
    if (fresh->parent && part->creates >= core::kCreatesPerPartMax) {
      const auto owners = store.count_owners(id);
      if (!owners) return owners.error();
      if (owners->waiting <= 1)
        return core::Error{core::Errc::too_large, "its part of the lineage has had all its creates"};
    }
    if (fresh->suspicious) {
      const auto suspicion = store.suspicion(id);
      if (!suspicion) return suspicion.error();
      if (wall < suspicion->next_at) return core::Error{core::Errc::stale, "its owner's suspicious requests must wait"};
      const auto used = store.set_suspicion(id, core::after_suspicious_create(*suspicion, wall));
      if (!used) return used.error();
    }
    return store.mark(id, BatchState::uploaded, BatchState::creating, patch, wall);
  };
  auto committed = co_await engine_.store.together(storage::VerbClass::state, std::move(intent));
  if (!committed) {
    log_event(LogLevel::info, "create_not_begun", {{"batch", batch.id}, {"detail", committed.error().detail}});
    co_return committed;
  }
  engine_.moved(*committed, BatchState::uploaded);
  co_return committed;
}

// The table "What the answer to the create call proves" of docs/architecture.md, seen from the state machine.
Task<core::Duration> SubmitStage::after_create_fault(core::Batch batch, const Fault& fault, Account& account,
                                                     Progress& progress) {
  engine_.metrics.created(core::to_text(fault.kind));
  // The words of a refusal may quote a request: the request's owner gets them, the log doesn't.
  const bool may_quote = fault.kind == Fault::Kind::refused || fault.kind == Fault::Kind::lines_refused ||
                         fault.kind == Fault::Kind::unexplained;
  log_event(LogLevel::warn, "create_not_confirmed",
            {{"batch", batch.id},
             {"kind", core::to_text(fault.kind)},
             {"status", fault.status},
             {"message", may_quote ? "" : fault.message}});
  switch (fault.kind) {
    case Fault::Kind::not_sent:
    case Fault::Kind::account: {
      const auto moved = co_await engine_.mark(batch, BatchState::uploaded);
      const auto pause = pause_after(fault, account, progress);
      account.refuses_creates = account.refuses_creates || fault.kind == Fault::Kind::account;
      co_return moved ? pause : pause_unless(false);
    }
    case Fault::Kind::throttled: {
      // Most likely not created; one complete clean listing proves it (reconcile).
      core::BatchPatch patch{.throttles = batch.throttles + 1, .throttled = true};
      if (fault.retry_after) patch.not_before = engine_.clock.wall() + core::bounded_retry_after(*fault.retry_after);
      const auto moved = co_await engine_.mark(batch, BatchState::creating, patch);
      co_return pause_unless(moved.has_value());
    }
    case Fault::Kind::lines_refused:
    case Fault::Kind::refused:
    case Fault::Kind::unexplained:
    case Fault::Kind::model_missing:
    case Fault::Kind::too_large:
    case Fault::Kind::variant_refused:
    case Fault::Kind::name_taken:
    case Fault::Kind::upload_gone:
      co_return co_await refuse(std::move(batch), fault);
    case Fault::Kind::file_gone: {
      const core::BatchPatch patch{.upload_session = ""};
      const auto moved = co_await engine_.mark(batch, BatchState::uploading, patch);
      co_return moved ? core::backoff_pause(retry_backoff(), batch.upload_n - 1) : pause_unless(false);
    }
    case Fault::Kind::unclear:
    case Fault::Kind::transient:
    case Fault::Kind::missing: {
      const core::BatchPatch patch{.message = fault.message};
      const auto moved = co_await engine_.mark(batch, BatchState::unclear, patch);
      co_return pause_unless(moved.has_value());
    }
  }
  co_return pause_unless(false);
}

// A job was made of a suspicious batch: the owner's next one may be larger. If this fails, it is only slower.
Task<void> SubmitStage::trust_more(const core::Batch& batch) {
  auto trust = [id = batch.id, wall = engine_.clock.wall()](core::Store& store) -> core::Result<void> {
    const auto suspicion = store.suspicion(id);
    if (!suspicion) return {};
    return store.set_suspicion(id, core::after_suspicious_acceptance(*suspicion, wall));
  };
  co_await engine_.store.together(storage::VerbClass::state, std::move(trust));
}

// Moves to refused a batch that the provider refused before running anything. What follows from named lines is recorded
// in the same transaction, so that a crash can't forget which they were.
Task<core::Duration> SubmitStage::refuse(core::Batch batch, const Fault& fault) {
  BatchPatch patch{.message = fault.message, .error = fault.error};
  patch.refusal = fault.kind == Fault::Kind::lines_refused   ? core::RefusedFor::lines
                  : fault.kind == Fault::Kind::model_missing ? core::RefusedFor::model
                  : fault.kind == Fault::Kind::unexplained   ? core::RefusedFor::unexplained
                                                             : core::RefusedFor::poison;
  const auto wall = engine_.clock.wall();
  auto refused = [&](core::Store& store) -> core::Result<core::Recorded> {
    auto moved = store.mark(batch.id, batch.state, BatchState::refused, patch, wall);
    if (!moved) return moved.error();
    if (fault.kind != Fault::Kind::lines_refused) return core::Recorded{};
    return take_named_lines(store, batch.id, fault.lines, wall);
  };
  auto recorded = co_await engine_.store.together(storage::VerbClass::state, refused);
  co_return engine_.refused(batch, recorded, fault.status) ? core::Duration::zero() : pause_unless(false);
}

}  // namespace batchd::daemon
