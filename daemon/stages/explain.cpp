#include "daemon/stages/explain.h"

#include <map>
#include <string>

#include "proto/json/references.h"

namespace batchd::daemon {
namespace {

using What = Explanation::What;

// What the batch's requests name at the provider, and on which lines.
using References = std::map<std::string, std::vector<std::int64_t>>;

Explanation fault_of(core::Fault fault) { return {.what = What::fault, .fault = std::move(fault)}; }

// Reads the batch's requests and collects what they name.
class ReferenceReader {
 public:
  ReferenceReader(const core::Provider& provider, const core::Lane& lane)
      : provider_(provider), members_(provider.request_rules(lane.endpoint).references) {}

  bool anything_to_find() const { return !members_.empty(); }
  void take(const core::LinePiece& piece) {
    if (piece.first) {
      ++line_;
      scan_.emplace(members_, [this](std::string_view value) { note(value); });
    }
    scan_->feed(piece.bytes);
  }
  bool incomplete() const { return incomplete_; }
  References found() && { return std::move(found_); }

 private:
  void note(std::string_view value) {
    auto reference = provider_.reference(value);
    if (!reference) return;
    if (found_.size() >= kReferencesMax && !found_.contains(*reference)) {
      incomplete_ = true;
      return;
    }
    auto& lines = found_[std::move(*reference)];
    if (lines.empty() || lines.back() != line_) lines.push_back(line_);
  }

  const core::Provider& provider_;
  const std::vector<std::string>& members_;
  std::optional<json::ReferenceScan> scan_;
  std::int64_t line_ = 0;
  bool incomplete_ = false;
  References found_;
};

Task<core::Result<References>> read_references(Engine& engine, const core::Provider& provider, const core::Batch& batch,
                                               bool& incomplete) {
  ReferenceReader reader(provider, batch.lane);
  if (!reader.anything_to_find()) co_return References{};
  for (std::optional<core::LineCursor> cursor = core::LineCursor{}; cursor;) {
    const auto read = co_await engine.store.read(&core::Store::read_lines, batch.id, *cursor);
    if (!read) co_return read.error();
    for (const auto& piece : read->pieces) reader.take(piece);
    cursor = read->next;
  }
  incomplete = reader.incomplete();
  co_return std::move(reader).found();
}

Task<Explanation> ask_for_references(Account& account, const References& references) {
  std::map<std::int64_t, core::RequestError> refused, waiting;  // by line
  for (const auto& [reference, lines] : references) {
    auto dialogue = account.provider->check_reference(reference);
    auto answer = co_await converse(*account.link, *dialogue);
    if (auto* fault = std::get_if<core::Fault>(&answer)) co_return fault_of(std::move(*fault));
    const auto& presence = std::get<core::Presence>(answer);
    if (presence.present) {
      if (!presence.ready)
        for (const auto line : lines) waiting.emplace(line, core::RequestError());
      continue;
    }
    const auto error = presence.error.value_or(
        core::own_error(core::ErrorClass::not_found, "something that the request names isn't at the provider"));
    for (const auto line : lines) refused.emplace(line, error);
  }
  Explanation explanation;
  if (!refused.empty())
    explanation.what = What::references;
  else if (!waiting.empty())
    explanation.what = What::reference_not_ready;
  for (auto& [line, error] : refused.empty() ? waiting : refused) explanation.lines.push_back({line, std::move(error)});
  co_return explanation;
}

}  // namespace

Task<Explanation> explain_refusal(Engine& engine, Account& account, const core::Batch& batch, bool read_requests) {
  const auto& provider = *account.provider;
  if (provider.caps().input == core::Caps::Input::file) {
    auto file = provider.check_file(batch.input_file);
    auto answer = co_await converse(*account.link, *file);
    if (auto* fault = std::get_if<core::Fault>(&answer)) co_return fault_of(std::move(*fault));
    const auto& presence = std::get<core::Presence>(answer);
    if (!presence.present) co_return Explanation{.what = What::input_gone};
    if (!presence.ready) co_return Explanation{.what = What::input_not_ready};
  }
  auto model = provider.check_model(batch.lane);
  auto answer = co_await converse(*account.link, *model);
  if (auto* fault = std::get_if<core::Fault>(&answer)) co_return fault_of(std::move(*fault));
  if (const auto& presence = std::get<core::Presence>(answer); !presence.present)
    co_return Explanation{.what = What::model, .error = presence.error};
  if (!read_requests) co_return Explanation{};
  bool incomplete = false;
  const auto references = co_await read_references(engine, provider, batch, incomplete);
  if (!references) co_return Explanation{.what = What::fault};
  auto explanation = co_await ask_for_references(account, *references);
  explanation.incomplete = incomplete;
  explanation.asked_references = true;
  co_return explanation;
}

}  // namespace batchd::daemon
