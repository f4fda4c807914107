#include "proto/gemini/result_line.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/gemini/status.h"
#include "proto/gemini/usage.h"
#include "proto/json/members.h"
#include "proto/json/validator.h"

namespace batchd::proto {
namespace {

using core::ResultLine;

constexpr std::size_t kKeyBytesMax = 6 * core::kWireKeyBytes + 2;  // every character escaped, and the quotes
constexpr std::size_t kErrorBytesMax = 64 << 10;
constexpr int kUnknownCode = 2;  // google.rpc.Code

// A member of interest: how often it occurred, and the beginning of its value.
struct Slot {
  std::size_t kept_max;
  int times = 0;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
  std::string kept;

  bool whole() const { return static_cast<std::int64_t>(kept.size()) == bytes; }
  bool null() const { return kept == "null"; }
  bool object() const { return kept.starts_with('{'); }
};

class Reader : public core::ResultLineReader, private json::MemberHandler {
 public:
  void feed(std::string_view fragment) override { intact_ = intact_ && scan_->feed(fragment); }

  ResultLine end_line() override {
    intact_ = intact_ && scan_->finish();
    ResultLine line;
    line.key = key();
    if (intact_) read_value(line);
    reset();
    return line;
  }

 private:
  enum Which : std::size_t { kKey, kResponse, kError, kStatus, kNone };

  // json::MemberHandler
  void member(std::string_view name, std::uint64_t value_offset) override {
    which_ = name == "key"        ? kKey
             : name == "response" ? kResponse
             : name == "error"    ? kError
             : name == "status"   ? kStatus
                                  : kNone;
    if (which_ == kNone) return;
    auto& slot = slots_[which_];
    ++slot.times;
    slot.offset = static_cast<std::int64_t>(value_offset);
    slot.bytes = 0;
    slot.kept.clear();
    if (which_ == kResponse) tokens_.begin();
  }
  void value(std::string_view fragment) override {
    if (which_ == kNone) return;
    auto& slot = slots_[which_];
    slot.bytes += static_cast<std::int64_t>(fragment.size());
    slot.kept += fragment.substr(0, slot.kept_max - slot.kept.size());
    if (which_ == kResponse) tokens_.feed(fragment);
  }
  void end_value(std::uint64_t) override { key_ended_ = key_ended_ || which_ == kKey; }

  std::optional<core::WireKey> key() const {
    const auto& slot = slots_[kKey];
    std::string text;
    if (slot.times != 1 || !key_ended_ || !slot.whole() || !json::unescape(slot.kept, text)) return std::nullopt;
    return core::parse_wire_key(text);
  }

  // Accepts exactly one of response and error, each at most once; any other line stays unreadable.
  void read_value(ResultLine& line) {
    for (const auto& slot : slots_)
      if (slot.times > 1) return;
    const auto& response = slots_[kResponse];
    const auto& error = slots_[kError];
    const bool has_response = response.times > 0 && !response.null();
    const bool has_error = error.times > 0 && !error.null();
    if (has_response && !response.object()) return;
    auto failure = has_error ? error_of(error) : status_error();
    if (has_error && (!failure || has_response)) return;
    if (failure && has_response && response.bytes > 2) return;  // next to a status, `{}` doesn't count as a response
    if (failure) {
      line.kind = ResultLine::Kind::error;
      line.error = std::move(*failure);
    } else if (has_response) {
      line.kind = ResultLine::Kind::success;
      line.value_offset = response.offset;
      line.value_bytes = response.bytes;
      line.prompt_tokens = tokens_.end();
    }
  }

  static std::optional<core::RequestError> error_of(const Slot& slot) {
    if (!slot.whole()) return std::nullopt;
    const auto document = ControlDocument::parse(slot.kept);
    if (!document || !slot.object()) return std::nullopt;
    const auto status = read_status(document->root());
    return rpc_error(status.code != 0 ? status.code : kUnknownCode, status.message, slot.kept);
  }

  // The older form: a google.rpc.Status object, or its message alone. Code 0 and "OK" mean no error.
  std::optional<core::RequestError> status_error() const {
    const auto& slot = slots_[kStatus];
    if (slot.times == 0 || !slot.whole()) return std::nullopt;
    if (slot.object()) {
      const auto document = ControlDocument::parse(slot.kept);
      const bool bad = document && integer_member(&document->root(), "code").value_or(0) != 0;
      return bad ? error_of(slot) : std::nullopt;
    }
    std::string text;
    if (!json::unescape(slot.kept, text) || text.empty() || text == "OK") return std::nullopt;
    const bool whole = json::validate(slot.kept, {});  // else it can't be shown as it came
    return rpc_error(kUnknownCode, text, whole ? slot.kept : std::string());
  }

  json::MemberHandler& handler() { return *this; }

  void reset() {
    for (auto& slot : slots_) slot = {.kept_max = slot.kept_max, .kept = {}};
    which_ = kNone;
    key_ended_ = false;
    intact_ = true;
    scan_.emplace(handler());
  }

  std::array<Slot, kNone> slots_{Slot{.kept_max = kKeyBytesMax, .kept = {}}, Slot{.kept_max = 4, .kept = {}},
                                 Slot{.kept_max = kErrorBytesMax, .kept = {}},
                                 Slot{.kept_max = kErrorBytesMax, .kept = {}}};
  PromptTokenScan tokens_;
  Which which_ = kNone;
  bool key_ended_ = false;  // the key's value is complete
  bool intact_ = true;
  std::optional<json::MemberScan> scan_{std::in_place, handler()};
};

}  // namespace

std::unique_ptr<core::ResultLineReader> gemini_result_reader() { return std::make_unique<Reader>(); }

}  // namespace batchd::proto
