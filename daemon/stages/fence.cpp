// The fence: a create call that is still under way can do no harm once the file it names is gone for good. So the file
// is deleted and seen to be gone twice, while a canary file proves that the same key can see files at all. Then one
// more listing finds a job that was quicker than the deletion. Only after that may the members be sent again.
#include "core/check.h"
#include "daemon/net/log.h"
#include "daemon/net/random.h"
#include "daemon/stages/input_files.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::Fault;

namespace {

enum Phase { delete_files = 0, first_look, second_look, relist };

constexpr core::Duration kFenceTimeMax = std::chrono::hours(24);  // if the file is still there after every deletion

void enter(Progress& progress, int phase) {
  progress.phase = phase;
  progress.done = 0;
}

}  // namespace

// Progress is in memory only: after a restart the fence begins anew, which is slower and just as safe.
Task<core::Duration> ReconcileStage::fence(core::Batch batch, Account& account, Progress& progress) {
  core::Duration pause{};
  // What one key sees and what another key lists prove nothing together.
  if (batch.credential != account.credential) enter(progress, delete_files);
  switch (progress.phase) {
    case delete_files: {
      // To the key of another project every file looks gone. After our own deletion it looks gone to a new key of the
      // same project too, which therefore can't be trusted either: an operator decides.
      switch (co_await trust_key(batch, account, progress, pause)) {
        case Trust::unknown:
          co_return pause;
        case Trust::other_project:
          co_return co_await hold(std::move(batch),
                                  "the API key was changed during the fence, which therefore proves nothing");
        case Trust::same_project:
          break;
      }
      const auto files = co_await engine_.store.read(&core::Store::list_inputs, batch.id);
      if (!files) co_return pause_unless(false);
      if (progress.scratch.empty()) {
        const auto name = core::to_text(batch.id) + "-c" + random_text().substr(0, 8);
        auto dialogue = account.provider->upload_text(name, "{\"canary\":\"" + core::to_text(batch.id) + "\"}\n");
        const auto canary = co_await converse(*account.link, *dialogue);
        if (const auto* fault = std::get_if<Fault>(&canary))
          co_return co_await fence_fault(std::move(batch), *fault, account, progress);
        progress.scratch = std::get<core::Uploaded>(canary).file;
      }
      // All uploads are deleted: the create names the last one, but an earlier create may have named an earlier one.
      if (const auto fault = co_await remove_inputs(*files, account, progress.done))
        co_return co_await fence_fault(std::move(batch), *fault, account, progress);
      enter(progress, first_look);
      co_return core::Duration::zero();
    }
    case first_look:
    case second_look: {
      switch (co_await look_at_inputs(batch, account, progress.scratch, progress, pause)) {
        case Look::fault:
          co_return pause;
        case Look::still_there:
          if (engine_.clock.wall() - batch.state_since > kFenceTimeMax)
            co_return co_await hold(std::move(batch), "its input file can't be deleted");
          enter(progress, delete_files);
          co_return core::backoff_pause(retry_backoff(), progress.tries++);
        case Look::blind:
          co_return co_await hold(std::move(batch),
                                  "the fence can't be proven: the key doesn't see a file that it has just uploaded");
        case Look::gone:
          break;
      }
      enter(progress, progress.phase + 1);
      co_return progress.phase == second_look ? engine_.config.submission.fence_pause
                                              : engine_.config.submission.relist_pause;
    }
    default:
      break;
  }
  CHECK(progress.phase == relist && !progress.scratch.empty());
  const auto listing = co_await list_and_adopt(batch, account, progress, pause);
  if (listing == Listing::unknown) co_return pause;
  auto removal = account.provider->remove_file(progress.scratch);  // if this fails, the canary expires by itself
  co_await converse(*account.link, *removal);
  if (listing == Listing::adopted) co_return pause;
  const core::BatchPatch patch{.file_deleted = true};
  const auto moved = co_await engine_.mark(batch, BatchState::fenced, patch);
  co_return pause_unless(moved.has_value());
}

// A fault that may pass is tried again; the clear refusal of one of the fence's own calls is final.
Task<core::Duration> ReconcileStage::fence_fault(core::Batch batch, const Fault& fault, Account& account,
                                                 Progress& progress) {
  const bool may_pass = fault.kind == Fault::Kind::not_sent || fault.kind == Fault::Kind::unclear ||
                        fault.kind == Fault::Kind::transient || fault.kind == Fault::Kind::throttled ||
                        fault.kind == Fault::Kind::account || fault.kind == Fault::Kind::name_taken ||
                        fault.kind == Fault::Kind::upload_gone;
  if (may_pass) co_return pause_after(fault, account, progress);
  co_return co_await hold(std::move(batch), "the fence can't be made: " + fault.message);
}

Task<ReconcileStage::Look> ReconcileStage::look_at_inputs(const core::Batch& batch, Account& account,
                                                          const std::string& canary, Progress& progress,
                                                          core::Duration& pause) {
  const auto files = co_await engine_.store.read(&core::Store::list_inputs, batch.id);
  if (!files) {
    pause = pause_unless(false);
    co_return Look::fault;
  }
  // Where every other answer is lost, only a look that goes on where it was comes to an end.
  for (; progress.done < files->size(); ++progress.done) {
    auto dialogue = account.provider->check_file((*files)[progress.done]);
    const auto answer = co_await converse(*account.link, *dialogue);
    if (const auto* fault = std::get_if<Fault>(&answer)) {
      pause = pause_after(*fault, account, progress);
      co_return Look::fault;
    }
    if (std::get<core::Presence>(answer).present) co_return Look::still_there;
  }
  auto dialogue = account.provider->check_file(canary);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) {
    pause = pause_after(*fault, account, progress);
    co_return Look::fault;
  }
  co_return std::get<core::Presence>(answer).present ? Look::gone : Look::blind;
}

}  // namespace batchd::daemon
