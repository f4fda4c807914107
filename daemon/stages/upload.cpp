// The upload half of submit. The n-th upload has a name of its own, which is durable before the first byte is sent, so
// that a file left half-way by a crash is never mistaken for this one. A known upload session is resumed by asking how
// much has arrived. A provider that takes the lines in the create call's body gets no file: nothing is done here then.
#include "core/limits.h"
#include "daemon/net/log.h"
#include "daemon/stages/input_files.h"
#include "daemon/stages/line_source.h"
#include "daemon/stages/stages.h"

namespace batchd::daemon {

using core::BatchState;
using core::Fault;

namespace {

constexpr int kNameUnused = 1;  // Progress::phase: the present name has never been sent to the provider

// How long a provider may work on an input file before the file is uploaded anew.
constexpr core::Duration kInputPatience = std::chrono::minutes(30);

}  // namespace

Task<core::Duration> SubmitStage::upload(core::Batch batch, Account& account, Progress& progress) {
  // If the owner's part of the lineage has had all its creates, the batch isn't sent. Where several owners' requests
  // are together, each refusal sets some of them apart.
  if (batch.parent) {
    const auto part = co_await engine_.store.read(&core::Store::get_batch, batch.part);
    if (!part) co_return pause_unless(false);
    bool used_up = part->creates >= core::kCreatesPerPartMax;
    if (used_up) {
      const auto owners = co_await engine_.store.read(&core::Store::count_owners, batch.id);
      if (!owners) co_return pause_unless(false);
      used_up = owners->waiting <= 1;
    }
    if (used_up) {
      const core::BatchPatch patch{.message = "its owner's part of the lineage was refused too often",
                                   .refusal = core::RefusedFor::bound};
      const auto moved = co_await engine_.mark(batch, BatchState::refused, patch);
      co_return pause_unless(moved.has_value());
    }
  }
  const auto& provider = *account.provider;
  const auto& caps = provider.caps();
  if (caps.input == core::Caps::Input::body) {
    const core::BatchPatch ready{.uploaded_at = engine_.clock.wall()};
    const auto moved = co_await engine_.mark(batch, BatchState::uploaded, ready);
    co_return pause_unless(moved.has_value());
  }
  const auto bytes = input_bytes(batch, provider);
  ready_inputs_.erase(batch.id);
  const bool resume = !batch.upload_session.empty();
  if (!resume) {
    const bool name_unused = progress.phase == kNameUnused;
    progress.phase = 0;
    const int n = batch.upload_n + (name_unused ? 0 : 1);
    const bool ours = caps.file_names == core::Caps::FileNames::ours;
    const core::BatchPatch fresh_name{.upload_n = n,
                                      .input_file = ours ? caps.file_prefix + core::upload_name(batch.id, n) : ""};
    auto named = co_await engine_.mark(batch, BatchState::uploading, fresh_name);
    if (!named) co_return pause_unless(false);
    batch = std::move(*named);
  }
  const auto name = core::upload_name(batch.id, batch.upload_n);
  if (!resume && caps.resumable) {
    auto start = provider.start_upload({name, bytes, batch.upload_variant});
    auto started = co_await converse(*account.link, *start);
    if (const auto* fault = std::get_if<Fault>(&started)) {
      if (fault->kind == Fault::Kind::not_sent) progress.phase = kNameUnused;
      co_return co_await after_upload_fault(std::move(batch), *fault, account, progress);
    }
    const core::BatchPatch resumable{.upload_session = std::get<core::UploadSession>(started).session};
    auto known = co_await engine_.mark(batch, BatchState::uploading, resumable);
    if (!known) co_return pause_unless(false);
    batch = std::move(*known);
  }

  LineSource lines(engine_.store, provider, batch.lane);
  auto rest = provider.upload({batch.upload_session, batch.id, name, bytes, batch.upload_variant, resume});
  auto sent = co_await converse(*account.link, *rest, &lines);
  if (lines.found_corruption()) {  // refused: cut until the damaged request is alone, so that the others can go
    log_event(LogLevel::error, "stored_request_damaged", {{"batch", batch.id}});
    co_return co_await refuse(std::move(batch), damaged_request());
  }
  if (const auto* fault = std::get_if<Fault>(&sent))
    co_return co_await after_upload_fault(std::move(batch), *fault, account, progress);
  account_works(account);
  progress.tries = 0;
  const auto& uploaded = std::get<core::Uploaded>(sent);
  if (uploaded.ready) ready_inputs_.insert(batch.id);
  const core::BatchPatch patch{.input_file = uploaded.file, .upload_session = "", .uploaded_at = engine_.clock.wall()};
  const auto moved = co_await engine_.mark(batch, BatchState::uploaded, patch);
  co_return pause_unless(moved.has_value());
}

// Looks whether the provider is done with the input file: a create from it before that would be refused. Returns zero
// if it is; else the pause after which to look again, the batch having moved on if the file is of no use.
Task<core::Duration> SubmitStage::await_input(const core::Batch& batch, Account& account, Progress& progress) {
  if (account.provider->caps().input == core::Caps::Input::body || ready_inputs_.contains(batch.id))
    co_return core::Duration::zero();
  auto dialogue = account.provider->check_file(batch.input_file);
  const auto answer = co_await converse(*account.link, *dialogue);
  if (const auto* fault = std::get_if<Fault>(&answer)) co_return pause_after(*fault, account, progress);
  account_works(account);
  const auto& input = std::get<core::Presence>(answer);
  if (input.present && input.ready) {
    ready_inputs_.insert(batch.id);
    progress.tries = 0;
    co_return core::Duration::zero();
  }
  const auto waited = engine_.clock.wall() - batch.uploaded_at.value_or(batch.state_since);
  if (input.present && waited < kInputPatience) {
    if (progress.tries == 0) {
      log_event(LogLevel::info, "input_not_ready", {{"batch", batch.id}, {"upload", batch.upload_n}});
      const core::BatchPatch words{.message = "the provider is processing its input file"};
      if (!co_await engine_.mark(batch, BatchState::uploaded, words)) co_return pause_unless(false);
    }
    co_return core::backoff_pause(retry_backoff(), progress.tries++);
  }
  log_event(LogLevel::warn, "input_useless",
            {{"batch", batch.id}, {"upload", batch.upload_n}, {"processing", input.present}});
  const core::BatchPatch anew{.upload_session = "", .message = ""};
  const auto moved = co_await engine_.mark(batch, BatchState::uploading, anew);
  co_return moved ? core::backoff_pause(retry_backoff(), batch.upload_n - 1) : pause_unless(false);
}

Task<core::Duration> SubmitStage::after_upload_fault(core::Batch batch, const Fault& fault, Account& account,
                                                     Progress& progress) {
  switch (fault.kind) {
    case Fault::Kind::not_sent:
    case Fault::Kind::unclear:
    case Fault::Kind::transient:
    case Fault::Kind::throttled:
    case Fault::Kind::account:
      co_return pause_after(fault, account, progress);
    case Fault::Kind::name_taken:
    case Fault::Kind::upload_gone:
    case Fault::Kind::missing:
    case Fault::Kind::file_gone: {  // upload again, under the next name
      const core::BatchPatch patch{.upload_session = ""};
      const auto forgotten = co_await engine_.mark(batch, BatchState::uploading, patch);
      co_return forgotten ? pause_after(fault, account, progress) : pause_unless(false);
    }
    case Fault::Kind::variant_refused: {
      if (batch.upload_variant + 1 >= account.provider->caps().upload_variants)
        co_return co_await refuse(std::move(batch), fault);
      const core::BatchPatch patch{.upload_variant = batch.upload_variant + 1, .upload_session = ""};
      const auto next_variant = co_await engine_.mark(batch, BatchState::uploading, patch);
      co_return pause_unless(next_variant.has_value());
    }
    case Fault::Kind::lines_refused:
    case Fault::Kind::refused:
    case Fault::Kind::unexplained:
    case Fault::Kind::model_missing:
    case Fault::Kind::too_large:
      co_return co_await refuse(std::move(batch), fault);
  }
  co_return pause_unless(false);
}

}  // namespace batchd::daemon
