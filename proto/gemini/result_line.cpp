#include "proto/gemini/result_line.h"

#include <array>
#include <charconv>
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

// Collects a wire key: the value of a member that must occur exactly once.
class KeySlot {
 public:
  void begin() {
    ++times_;
    kept_.clear();
    whole_ = true;
    ended_ = false;
  }
  void feed(std::string_view fragment) {
    whole_ = whole_ && kept_.size() + fragment.size() <= kKeyBytesMax;
    if (whole_) kept_ += fragment;
  }
  void end() { ended_ = true; }
  void reset() { *this = {}; }

  int times() const { return times_; }
  std::optional<core::WireKey> key() const {
    std::string text;
    if (times_ != 1 || !ended_ || !whole_ || !json::unescape(kept_, text)) return std::nullopt;
    return core::parse_wire_key(text);
  }

 private:
  int times_ = 0;
  bool whole_ = true;
  bool ended_ = false;  // the value is complete
  std::string kept_;
};

// Reads a line's "metadata", which the provider gives back as it came: {"key":"..."}.
class MetadataScan : private json::MemberHandler {
 public:
  void begin() {
    ++times_;
    key_.reset();
    intact_ = true;
    in_key_ = false;
    scan_.emplace(handler());
  }
  void feed(std::string_view fragment) { intact_ = intact_ && scan_->feed(fragment); }
  void reset() {
    times_ = 0;
    key_.reset();
  }

  int times() const { return times_; }
  std::optional<core::WireKey> key() const { return times_ == 1 && intact_ ? key_.key() : std::nullopt; }

 private:
  void member(std::string_view name, std::uint64_t) override {
    in_key_ = name == "key";
    if (in_key_) key_.begin();
  }
  void value(std::string_view fragment) override {
    if (in_key_) key_.feed(fragment);
  }
  void end_value(std::uint64_t) override {
    if (in_key_) key_.end();
  }
  json::MemberHandler& handler() { return *this; }

  int times_ = 0;
  bool intact_ = true, in_key_ = false;
  KeySlot key_;
  std::optional<json::MemberScan> scan_;
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
  enum Which : std::size_t { kResponse, kError, kStatus, kKey, kMetadata, kNone };
  static constexpr std::size_t kSlots = kKey;

  // json::MemberHandler
  void member(std::string_view name, std::uint64_t value_offset) override {
    which_ = name == "key"        ? kKey
             : name == "response" ? kResponse
             : name == "error"    ? kError
             : name == "status"   ? kStatus
             : name == "metadata" ? kMetadata
                                  : kNone;
    if (which_ == kKey) key_.begin();
    if (which_ == kMetadata) metadata_.begin();
    if (which_ >= kSlots) return;
    auto& slot = slots_[which_];
    ++slot.times;
    slot.offset = static_cast<std::int64_t>(value_offset);
    slot.bytes = 0;
    slot.kept.clear();
    if (which_ == kResponse) tokens_.begin();
  }
  void value(std::string_view fragment) override {
    if (which_ == kKey) key_.feed(fragment);
    if (which_ == kMetadata) metadata_.feed(fragment);
    if (which_ >= kSlots) return;
    auto& slot = slots_[which_];
    slot.bytes += static_cast<std::int64_t>(fragment.size());
    slot.kept += fragment.substr(0, slot.kept_max - slot.kept.size());
    if (which_ == kResponse) tokens_.feed(fragment);
  }
  void end_value(std::uint64_t) override {
    if (which_ == kKey) key_.end();
  }

  // A line of a file has its key beside the response, an item of an operation in its metadata. A line with both is a
  // file's, whose metadata nobody has asked for.
  std::optional<core::WireKey> key() const { return key_.times() > 0 ? key_.key() : metadata_.key(); }

  // Accepts exactly one of response and error, each at most once; any other line stays unreadable.
  void read_value(ResultLine& line) {
    for (const auto& slot : slots_)
      if (slot.times > 1) return;
    if (key_.times() > 1 || (key_.times() == 0 && metadata_.times() > 1)) return;
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
    if (!slot.whole()) return slot.object() ? std::optional(line_error(beginning_of(slot.kept), {})) : std::nullopt;
    if (!slot.object()) return embedded_error(slot);
    if (const auto document = ControlDocument::parse(slot.kept))
      return line_error(read_status(document->root()), slot.kept);
    // What it says can't be shown as it came, but it is a clear answer.
    const auto document = ControlDocument::parse(readable(slot.kept));
    return line_error(document ? read_status(document->root()) : RpcStatus{}, {});
  }

  // Returns what the beginning of an error shows that is too long to be kept: its code. In a text its name would have
  // backslashes.
  static RpcStatus beginning_of(std::string_view kept) {
    constexpr std::string_view kCode = "\"code\"";
    RpcStatus status{.message = "the provider's error is too long to be kept"};
    if (auto at = kept.find(kCode); at != kept.npos) {
      kept.remove_prefix(at + kCode.size());
      at = kept.find_first_not_of(" \t\r\n:");
      if (at != kept.npos) std::from_chars(kept.data() + at, kept.data() + kept.size(), status.code);
    }
    if (status.code < 0 || status.code > 16) status.code = 0;
    return status;
  }

  // Returns the text without what makes readers of JSON refuse it: bytes that are no ASCII or control characters, and
  // escapes of surrogates.
  static std::string readable(std::string text) {
    for (char& c : text)
      if (c < ' ' || c > '~') c = '?';
    for (std::size_t at = 0; (at = text.find("\\u", at)) != std::string::npos; at += 2)
      if (at + 6 <= text.size() && (text[at + 2] == 'd' || text[at + 2] == 'D') && text[at + 3] >= '8')
        text.replace(at, 6, "\\ufffd");
    return text;
  }

  static core::RequestError line_error(const RpcStatus& status, std::string_view body) {
    auto error = rpc_error(status.code != 0 ? status.code : kUnknownCode, status.message, body);
    error.http_status = status.http_status;
    return error;
  }

  static std::optional<core::RequestError> embedded_error(const Slot& slot) {
    std::string text;
    const auto status = json::unescape(slot.kept, text) ? embedded_status(text) : std::nullopt;
    if (!status) return std::nullopt;
    return line_error(*status, shown(slot));
  }
  // Returns the value as it came, or nothing if it can't be shown so.
  static std::string_view shown(const Slot& slot) {
    return json::validate(slot.kept, {}) ? std::string_view(slot.kept) : std::string_view();
  }

  // The older form: a google.rpc.Status object, or its message alone, which may hold an error as JSON ("Bad Request:
  // {\"error\":{\"code\":400,...}}"). Code 0 and "OK" mean no error.
  std::optional<core::RequestError> status_error() const {
    const auto& slot = slots_[kStatus];
    if (slot.times == 0 || !slot.whole()) return std::nullopt;
    if (slot.object()) {
      const auto document = ControlDocument::parse(slot.kept);
      const bool bad = document && integer_member(&document->root(), "code").value_or(0) != 0;
      return bad ? error_of(slot) : std::nullopt;
    }
    if (auto error = embedded_error(slot)) return error;
    std::string text;
    if (!json::unescape(slot.kept, text) || text.empty() || text == "OK") return std::nullopt;
    return rpc_error(kUnknownCode, text, shown(slot));
  }

  json::MemberHandler& handler() { return *this; }

  void reset() {
    for (auto& slot : slots_) slot = {.kept_max = slot.kept_max, .kept = {}};
    which_ = kNone;
    key_.reset();
    metadata_.reset();
    intact_ = true;
    scan_.emplace(handler());
  }

  std::array<Slot, kSlots> slots_{Slot{.kept_max = 4, .kept = {}}, Slot{.kept_max = kErrorBytesMax, .kept = {}},
                                  Slot{.kept_max = kErrorBytesMax, .kept = {}}};
  KeySlot key_;
  MetadataScan metadata_;
  PromptTokenScan tokens_;
  Which which_ = kNone;
  bool intact_ = true;
  std::optional<json::MemberScan> scan_{std::in_place, handler()};
};

}  // namespace

std::unique_ptr<core::ResultLineReader> gemini_result_reader() { return std::make_unique<Reader>(); }

}  // namespace batchd::proto
