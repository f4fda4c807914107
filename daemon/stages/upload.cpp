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

}  // namespace

Task<core::Duration> SubmitStage::upload(core::Batch batch, Account& account, Progress& progress) {
  if (batch.parent) {  // if its lineage has had all its creates, the batch is refused instead of uploaded
    const auto root = co_await engine_.store.read(&core::Store::get_batch, batch.root);
    const auto parent = co_await engine_.store.read(&core::Store::get_batch, batch.parent);
    if (!root || !parent) co_return pause_unless(false);
    if (root->creates >= core::kCreatesPerRootMax) {
      const auto words = parent->message.empty() ? "a batch of this lineage was refused too often" : parent->message;
      Fault bound{.kind = Fault::Kind::refused, .message = words, .error = parent->error};
      if (bound.error) bound.error->body.clear();  // it may be about another request
      co_return co_await refuse(std::move(batch), bound);
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
  const core::BatchPatch patch{
      .input_file = std::get<core::Uploaded>(sent).file, .upload_session = "", .uploaded_at = engine_.clock.wall()};
  const auto moved = co_await engine_.mark(batch, BatchState::uploaded, patch);
  co_return pause_unless(moved.has_value());
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
    case Fault::Kind::model_missing:
    case Fault::Kind::too_large:
      co_return co_await refuse(std::move(batch), fault);
  }
  co_return pause_unless(false);
}

}  // namespace batchd::daemon
