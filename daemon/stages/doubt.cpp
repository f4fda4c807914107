// The doubts of settle: what it asks the provider before anybody is blamed for a refusal, and what follows if the
// answers explain it, or blame the account.
#include "core/secrets.h"
#include "daemon/net/log.h"
#include "daemon/stages/explain.h"
#include "daemon/stages/refused_lines.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::SplitRule;
using What = Explanation::What;

namespace {

// A batch whose refusal stays unexplained is looked into again, but its requests aren't read more often than this.
constexpr core::Duration kReadRequestsEvery = std::chrono::hours(1);
// How long a provider may work on a file that a request names, and how often a look at one may fail, before the refusal
// counts as unexplained.
constexpr core::Duration kReferencePatience = std::chrono::minutes(30);
constexpr int kReferenceTries = 8;

}  // namespace

// Asks what the refusal was about. Returns nullopt if nothing explains it; else the pause before the next step, the
// batch having been dealt with if it was explained.
Task<std::optional<core::Duration>> SettleStage::look_into(const core::Batch& batch, Account& account,
                                                           Progress& progress) {
  std::erase_if(requests_read_, [this](const auto& read) { return now() - read.second >= kReadRequestsEvery; });
  const bool read = !requests_read_.contains(batch.id);
  auto explanation = co_await explain_refusal(engine_, account, batch, read);
  switch (explanation.what) {
    case What::nothing:
      if (read) requests_read_[batch.id] = now();
      progress.phase = explanation.incomplete ? kMoreIsNamed : 0;
      co_return std::nullopt;
    case What::fault:
      if (!explanation.fault) co_return pause_unless(false);
      if (explanation.asked_references && progress.tries >= kReferenceTries) {
        requests_read_[batch.id] = now();
        co_return std::nullopt;
      }
      co_return pause_after(*explanation.fault, account, progress);
    case What::input_gone: {
      log_event(LogLevel::info, "input_gone", {{"batch", batch.id}, {"upload", batch.upload_n}});
      const core::BatchPatch anew{.upload_session = ""};
      const auto moved = co_await engine_.mark(batch, BatchState::uploading, anew);
      co_return moved ? core::backoff_pause(retry_backoff(), batch.upload_n - 1) : pause_unless(false);
    }
    case What::input_not_ready: {  // submit waits until it is
      const auto moved = co_await engine_.mark(batch, BatchState::uploaded);
      co_return pause_unless(moved.has_value());
    }
    case What::model: {
      const core::BatchPatch patch{
          .message = explanation.error ? core::without_quotes(explanation.error->message) : batch.message,
          .error = explanation.error ? explanation.error : batch.error,
          .refusal = core::RefusedFor::model};
      const auto marked = co_await engine_.mark(batch, BatchState::refused, patch);
      co_return pause_unless(marked.has_value());
    }
    case What::references:
      co_return co_await fail_references(batch, explanation.lines);
    case What::reference_not_ready:
      co_return co_await await_references(batch, explanation.lines, progress);
  }
  co_return std::nullopt;
}

// Who names what isn't there fails. If others are in the batch, they go apart from the owners of these requests, since
// there may be more that is missing.
Task<core::Duration> SettleStage::fail_references(const core::Batch& batch, std::span<const core::LineRefusal> lines) {
  auto failed = [&, wall = engine_.clock.wall()](core::Store& store) -> core::Result<core::Recorded> {
    const auto owners = store.count_owners(batch.id);
    if (!owners) return owners.error();
    const bool several = owners->waiting > 1;
    if (several) {
      if (const auto named = store.name_owners(batch.id, line_numbers(lines)); !named) return named.error();
    }
    const core::BatchPatch patch{.refusal = several ? core::RefusedFor::owners : core::RefusedFor::lines};
    const auto marked = store.mark(batch.id, BatchState::refused, BatchState::refused, patch, wall);
    if (!marked) return marked.error();
    return fail_lines(store, batch.id, lines, wall);
  };
  const auto recorded = co_await engine_.store.together(storage::VerbClass::state, failed);
  if (!recorded) co_return pause_unless(false);
  engine_.announce(*recorded);
  co_return core::Duration::zero();
}

// The provider still works on files that these lines name. Other owners' requests go without them at once; the owner's
// wait with them, without a create, for a while.
Task<std::optional<core::Duration>> SettleStage::await_references(const core::Batch& batch,
                                                                  std::span<const core::LineRefusal> lines,
                                                                  Progress& progress) {
  auto name = [&](core::Store& store) -> core::Result<core::OwnerCounts> {
    const auto owners = store.count_owners(batch.id);
    if (!owners || owners->waiting <= 1) return owners;
    if (const auto named = store.name_owners(batch.id, line_numbers(lines)); !named) return named.error();
    return store.count_owners(batch.id);
  };
  const auto owners = co_await engine_.store.together(storage::VerbClass::state, name);
  if (!owners) co_return pause_unless(false);
  if (owners->waiting > 1) {
    const bool apart = owners->named > 0 && owners->named <= core::kOwnersApartMax && owners->named < owners->waiting;
    co_return co_await split(batch, apart ? SplitRule::named_owners : SplitRule::halve_owners);
  }
  if (engine_.clock.wall() - batch.state_since >= kReferencePatience) {
    requests_read_[batch.id] = now();
    co_return std::nullopt;
  }
  if (progress.tries == 0) {
    log_event(LogLevel::info, "reference_not_ready", {{"batch", batch.id}, {"lines", std::ssize(lines)}});
    const core::BatchPatch words{.message = "the provider is processing a file that its requests name"};
    if (!co_await engine_.mark(batch, BatchState::refused, words)) co_return pause_unless(false);
  }
  co_return core::backoff_pause(retry_backoff(), progress.tries++);
}

// A key that isn't valid has been seen refused like a request that isn't. So an anonymous refusal, and a job that
// failed as a whole, count only while a call without any request is accepted. Returns nullopt if it is; else the pause
// before the next step.
Task<std::optional<core::Duration>> SettleStage::doubt_account(const core::Batch& batch, Account& account,
                                                               Progress& progress) {
  auto dialogue = account.provider->check_account();
  const auto answer = co_await converse(*account.link, *dialogue);
  const auto* fault = std::get_if<core::Fault>(&answer);
  if (fault == nullptr) co_return std::nullopt;
  const bool refused = fault->kind == core::Fault::Kind::refused || fault->kind == core::Fault::Kind::account;
  if (!refused) co_return pause_after(*fault, account, progress);
  pause_account_as_asked(account, *fault, engine_);
  if (!batch.job.empty()) co_return std::max(account.paused_until - now(), engine_.config.retry.first);
  const auto moved = co_await engine_.mark(batch, BatchState::uploaded);
  co_return pause_unless(moved.has_value());
}

// As far as is known the account refuses creates, whatever is in them. Nobody fails: the batch waits for the end of the
// pause, and for others that try before it. The provider's words may quote a request, so they stay with the batch.
Task<core::Duration> SettleStage::wait_for_account(core::Batch batch, Account& account, core::WallTime since) {
  const int status = batch.error ? batch.error->http_status : 0;
  const core::Fault trouble{.kind = core::Fault::Kind::account,
                            .status = status,
                            .message = "creates are refused with HTTP " + std::to_string(status) +
                                       ", whatever is in them; what the provider says: batchctl batch " +
                                       core::to_text(batch.id),
                            .error = {}};
  pause_account(account, trouble, retry_backoff(), engine_.clock);
  account.refuses_creates = true;
  const core::BatchPatch patch{.message = batch.message, .unexplained_since = since};
  const auto moved = co_await engine_.mark(batch, BatchState::uploaded, patch);
  co_return pause_unless(moved.has_value());
}

}  // namespace batchd::daemon
