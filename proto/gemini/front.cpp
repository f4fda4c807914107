#include "proto/gemini/front.h"

#include <algorithm>
#include <utility>

#include "core/limits.h"
#include "proto/api/request.h"
#include "proto/json/members.h"
#include "proto/json/validator.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kFrontModelRawBytesMax = 6 * (core::kModelBytesMax + 16) + 2;

bool is_model(std::string_view text, std::string_view model) {
  constexpr std::string_view prefix = "models/";
  if (text.starts_with(prefix) && text != model) text.remove_prefix(prefix.size());
  return text == model;
}

}  // namespace

std::optional<GeminiCall> parse_gemini_call(std::string_view path) {
  constexpr std::string_view kModels = "models/";
  const auto slash = path.find('/');
  if (slash == std::string_view::npos ||
      std::ranges::find(kGeminiVersions, path.substr(0, slash)) == kGeminiVersions.end())
    return std::nullopt;
  path.remove_prefix(slash + 1);
  if (!path.starts_with(kModels)) return std::nullopt;
  path.remove_prefix(kModels.size());
  const auto colon = path.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto verb = path.substr(colon + 1);
  GeminiCall call{.model = std::string(path.substr(0, colon)), .endpoint = std::string(verb)};
  call.stream = verb == "streamGenerateContent";
  if (call.stream) call.endpoint = "generateContent";
  call.many = verb == "batchEmbedContents";
  if (call.many) call.endpoint = "embedContent";
  if (call.endpoint != "generateContent" && call.endpoint != "embedContent") return std::nullopt;
  return call;
}

struct GeminiBodyReader::Impl : json::MemberHandler {
  Impl(std::string_view name, const core::RequestRules& rules) : model(name), request(rules) {}

  bool fail(SubmissionFault found) {
    if (!std::exchange(faulty, true)) fault = std::move(found);
    return false;
  }
  bool fail(std::string code, std::string detail) {
    return fail(SubmissionFault{.code = std::move(code), .detail = std::move(detail)});
  }
  bool fail_json() { return fail("bad_json", json::not_json(validator.fault(), "the body")); }
  void append(std::string_view bytes) {
    if (!faulty && !request.feed(bytes, *out)) fail(request.fault());
  }

  bool feed(std::string_view fragment, std::string& request_out) {
    if (faulty) return false;
    if (!validator.feed(fragment)) return fail_json();
    out = &request_out;
    if (!members.feed(fragment)) fail("not_an_object", "the body must be one JSON object");
    return !faulty;
  }

  // json::MemberHandler
  void member(std::string_view name, std::uint64_t) override {
    if (faulty) return;
    in_model = name == "model";
    if (in_model) return;
    if (name.size() >= json::MemberScan::kNameBytesMax) {
      fail("unknown_member", "the name of a member is too long");
      return;
    }
    std::string text(std::exchange(opened, true) ? "," : "{");
    json::append_string(text, name);
    append(text + ':');
  }
  void value(std::string_view fragment) override {
    if (faulty) return;
    if (!in_model)
      append(fragment);
    else if (raw_model.size() + fragment.size() <= kFrontModelRawBytesMax)
      raw_model += fragment;
  }
  void end_value(std::uint64_t) override {
    if (!in_model || faulty) return;
    if (!GeminiBodyReader::names(raw_model, model))
      fail("bad_model", "\"model\" in the body must be the model of the path");
    raw_model.clear();
  }

  std::optional<std::int64_t> finish(std::string& request_out) {
    if (!faulty && !validator.finish()) fail_json();
    if (!faulty && !members.finish()) fail("not_an_object", "the body must be one JSON object");
    out = &request_out;
    append(opened ? "}" : "{}");
    if (!faulty && !request.finish(request_out)) fail(request.fault());
    if (faulty) return std::nullopt;
    return request.tokens();
  }

  const std::string model;
  json::Validator validator{{.depth_max = core::kJsonDepthMax, .plain_numbers = false}};
  json::MemberScan members{*this};
  RequestReader request;
  std::string* out = nullptr;
  std::string raw_model;
  bool opened = false, in_model = false, faulty = false;
  SubmissionFault fault;
};

GeminiBodyReader::GeminiBodyReader(std::string_view model, const core::RequestRules& rules)
    : impl_(std::make_unique<Impl>(model, rules)) {}
GeminiBodyReader::~GeminiBodyReader() = default;
bool GeminiBodyReader::feed(std::string_view fragment, std::string& request_out) {
  return impl_->feed(fragment, request_out);
}
std::optional<std::int64_t> GeminiBodyReader::finish(std::string& request_out) { return impl_->finish(request_out); }
const SubmissionFault& GeminiBodyReader::fault() const { return impl_->fault; }

bool GeminiBodyReader::names(std::string_view raw, std::string_view model) {
  std::string text;
  return raw == "null" || (json::unescape(raw, text) && is_model(text, model));
}

}  // namespace batchd::proto
