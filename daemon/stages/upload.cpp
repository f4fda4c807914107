// The upload half of submit. The n-th upload has a name of its own, which is durable before the first byte is sent, so
// that a file left half-way by a crash is never mistaken for this one. A known upload session is resumed by asking how
// much has arrived.
#include "core/limits.h"
#include "daemon/net/log.h"
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
      const Fault bound{.kind = Fault::Kind::refused, .message = words};
      co_return co_await refuse(std::move(batch), bound);
    }
  }
  const auto bytes = batch.body_bytes + batch.items * account.provider->caps().line_frame_bytes;
  const bool resume = !batch.upload_session.empty();
  if (!resume) {
    const bool name_unused = progress.phase == kNameUnused;
    progress.phase = 0;
    const core::BatchPatch fresh_name{.upload_n = batch.upload_n + (name_unused ? 0 : 1)};
    auto named = co_await engine_.mark(batch, BatchState::uploading, fresh_name);
    if (!named) co_return pause_unless(false);
    auto start =
        account.provider->start_upload({core::upload_name(batch.id, named->upload_n), bytes, named->mime_index});
    auto started = co_await converse(*account.link, *start);
    if (const auto* fault = std::get_if<Fault>(&started)) {
      if (fault->kind == Fault::Kind::not_sent) progress.phase = kNameUnused;
      co_return co_await after_upload_fault(std::move(*named), *fault, account, progress);
    }
    const core::BatchPatch resumable{.upload_session = std::get<core::UploadSession>(started).session};
    auto known = co_await engine_.mark(*named, BatchState::uploading, resumable);
    if (!known) co_return pause_unless(false);
    batch = std::move(*known);
  }

  LineSource lines(engine_.store, *account.provider);
  auto rest = account.provider->continue_upload(
      {batch.upload_session, batch.id, core::upload_name(batch.id, batch.upload_n), bytes, resume});
  auto sent = co_await converse(*account.link, *rest, &lines);
  if (lines.found_corruption()) {  // refused: cut until the damaged request is alone, so that the others can go
    log_event(LogLevel::error, "stored_request_damaged", {{"batch", batch.id}});
    const Fault damaged{.kind = Fault::Kind::refused, .message = "the stored request is damaged (digest mismatch)"};
    co_return co_await refuse(std::move(batch), damaged);
  }
  if (const auto* fault = std::get_if<Fault>(&sent))
    co_return co_await after_upload_fault(std::move(batch), *fault, account, progress);
  account_works(account);
  progress.tries = 0;
  const core::BatchPatch patch{.upload_session = "", .uploaded_at = engine_.clock.wall()};
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
    case Fault::Kind::session_gone:
    case Fault::Kind::missing:
    case Fault::Kind::file_gone: {  // upload again, under the next name
      const core::BatchPatch patch{.upload_session = ""};
      const auto forgotten = co_await engine_.mark(batch, BatchState::uploading, patch);
      co_return forgotten ? pause_after(fault, account, progress) : pause_unless(false);
    }
    case Fault::Kind::mime_refused: {
      if (batch.mime_index + 1 >= account.provider->caps().mime_types)
        co_return co_await refuse(std::move(batch), fault);
      const core::BatchPatch patch{.mime_index = batch.mime_index + 1, .upload_session = ""};
      const auto next_type = co_await engine_.mark(batch, BatchState::uploading, patch);
      co_return pause_unless(next_type.has_value());
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
