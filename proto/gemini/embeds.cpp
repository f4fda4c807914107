#include "proto/gemini/embeds.h"

#include <utility>

#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/gemini/front.h"
#include "proto/json/digest.h"
#include "proto/json/members.h"
#include "proto/json/validator.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kEmbedModelRawBytesMax = 6 * (core::kModelBytesMax + 16) + 2;
constexpr std::size_t kNestingOfItems = 2;  // the levels of the body and the list

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

// The validator checks every fragment first, so counting brackets is enough to follow the structure of the list.
struct EmbedsReader::Impl : json::MemberHandler {
  Impl(std::string_view name, const core::RequestRules& the_rules) : model(name), rules(the_rules) {}

  bool fail(SubmissionFault found) {
    if (!std::exchange(faulty, true)) fault = std::move(found);
    return false;
  }
  bool fail(std::string code, std::string detail) {
    return fail(SubmissionFault{.code = std::move(code), .detail = std::move(detail)});
  }
  bool fail_json() { return fail("bad_json", json::not_json(validator.fault(), "the body")); }
  bool fail_shape() { return fail("not_an_object", "the body must be one JSON object"); }
  bool fail_item(SubmissionFault found) {
    found.detail = "requests[" + std::to_string(items.size() - 1) + "]: " + found.detail;
    return fail(std::move(found));
  }

  bool feed(std::string_view fragment) {
    if (faulty) return false;
    if (!validator.feed(fragment)) return fail_json();
    if (!members.feed(fragment)) fail_shape();
    return !faulty;
  }

  bool finish() {
    if (!faulty && !validator.finish()) fail_json();
    if (!faulty && !members.finish()) fail_shape();
    if (!listed) fail("missing_member", "\"requests\" is missing");
    if (items.empty()) fail("bad_request", "\"requests\" is empty");
    return !faulty;
  }

  // json::MemberHandler
  void member(std::string_view name, std::uint64_t) override {
    in_list = name == "requests";
    if (in_list && std::exchange(listed, true))
      fail("duplicate_member", "\"requests\" is there twice");
    else if (!in_list && name != "model")
      fail("unknown_member", "there is no member \"" + bounded_text(name, 64) + "\" in this call");
    raw_model.clear();
  }
  void value(std::string_view fragment) override {
    if (in_list)
      take_list(fragment);
    else if (raw_model.size() + fragment.size() <= kEmbedModelRawBytesMax)
      raw_model += fragment;
  }
  void end_value(std::uint64_t) override {
    if (!in_list && !faulty && !GeminiBodyReader::names(raw_model, model))
      fail("bad_model", "\"model\" in the body must be the model of the path");
  }

  void take_list(std::string_view fragment) {
    while (!fragment.empty() && !faulty) {
      const auto taken = depth > 1 ? take_item(fragment) : take_structure(fragment[0]);
      fragment.remove_prefix(taken);
    }
  }

  std::size_t take_structure(char c) {
    if (is_space(c) || c == ',') return 1;
    if (depth == 0 && c != '[') fail("bad_request", "\"requests\" must be a list");
    if (depth == 1 && c != '{' && c != ']') fail("bad_request", "every item of \"requests\" must be an object");
    if (depth == 1 && c == '{') begin_item();
    depth += c == ']' ? -1 : 1;
    return c == '{' ? 0 : 1;  // the brace belongs to the item, as its first byte
  }

  void begin_item() {
    if (items.size() == kEmbedsPerCallMax) {
      fail("bad_request", "a call has at most " + std::to_string(kEmbedsPerCallMax) + " requests");
      return;
    }
    items.emplace_back();
    reader.emplace(model, rules);
    digest.emplace();
    item_depth = 0;
  }

  // Takes bytes up to the item's closing brace, if it is in the fragment. Returns how many.
  std::size_t take_item(std::string_view fragment) {
    std::size_t taken = 0;
    do {
      const char c = fragment[taken++];
      if (in_string) {
        in_string = escaped || c != '"';
        escaped = !escaped && c == '\\';
      } else {
        in_string = c == '"';
        item_depth += (c == '{' || c == '[') - (c == '}' || c == ']');
      }
    } while (taken < fragment.size() && item_depth > 0);
    auto& item = items.back();
    digest->update(fragment.substr(0, taken));
    if (!reader->feed(fragment.substr(0, taken), item.request))
      fail_item(reader->fault());
    else if (item_depth == 0)
      end_item(item);
    return taken;
  }

  void end_item(EmbedItem& item) {
    depth = 1;
    const auto tokens = reader->finish(item.request);
    if (!tokens) {
      fail_item(reader->fault());
      return;
    }
    item.complete = true;
    item.tokens = *tokens;
    item.digest = digest->finish();
  }

  const std::string model;
  const core::RequestRules& rules;  // for each item
  json::Validator validator{{.depth_max = core::kJsonDepthMax + kNestingOfItems, .plain_numbers = false}};
  json::MemberScan members{*this};
  std::vector<EmbedItem> items;
  std::optional<GeminiBodyReader> reader;  // reads the last item
  std::optional<json::Sha256> digest;      // of the last item's bytes
  std::string raw_model;
  int depth = 0;       // 1: in the list, 2: in an item
  int item_depth = 0;  // nesting of brackets in the item
  bool in_string = false, escaped = false;
  bool in_list = false, listed = false, faulty = false;
  SubmissionFault fault;
};

EmbedsReader::EmbedsReader(std::string_view model, const core::RequestRules& rules)
    : impl_(std::make_unique<Impl>(model, rules)) {}
EmbedsReader::~EmbedsReader() = default;
bool EmbedsReader::feed(std::string_view fragment) { return impl_->feed(fragment); }
bool EmbedsReader::finish() { return impl_->finish(); }
std::vector<EmbedItem>& EmbedsReader::items() { return impl_->items; }
const SubmissionFault& EmbedsReader::fault() const { return impl_->fault; }

struct EmbeddingScan::Impl : json::MemberHandler {
  void member(std::string_view name, std::uint64_t value_offset) override {
    wanted = name == "embedding";
    if (!wanted) return;
    ++times;
    span = {.offset = static_cast<std::int64_t>(value_offset), .bytes = 0};
  }
  void value(std::string_view fragment) override {
    if (wanted && span.bytes == 0) object = fragment[0] == '{';
    if (wanted) span.bytes += std::ssize(fragment);
  }
  void end_value(std::uint64_t) override {}

  json::MemberScan scan{*this};
  Span span;
  int times = 0;
  bool wanted = false, object = false, intact = true;
};

EmbeddingScan::EmbeddingScan() : impl_(std::make_unique<Impl>()) {}
EmbeddingScan::~EmbeddingScan() = default;
void EmbeddingScan::feed(std::string_view fragment) { impl_->intact = impl_->intact && impl_->scan.feed(fragment); }
std::optional<EmbeddingScan::Span> EmbeddingScan::finish() {
  const bool found = impl_->intact && impl_->scan.finish() && impl_->times == 1 && impl_->object;
  return found ? std::optional(impl_->span) : std::nullopt;
}

}  // namespace batchd::proto
