#include "proto/gemini/lookups.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include "core/limits.h"
#include "proto/gemini/absence.h"
#include "proto/gemini/dialogue.h"
#include "proto/gemini/error.h"
#include "proto/gemini/line_words.h"
#include "proto/gemini/names.h"
#include "proto/gemini/status.h"

namespace batchd::proto {
namespace {

using core::Fault;
using core::HttpEvent;
using PresenceNext = core::Dialogue<core::Presence>::Next;

constexpr int kInvalidCode = 3;  // google.rpc.Code
constexpr int kNotFoundCode = 5;

core::Presence absent(core::RequestError error) { return {.present = false, .error = std::move(error)}; }

// The answer is a refusal in the provider's own form.
PresenceNext absent_by(const HttpEvent& event) {
  const auto error = parse_error(event.body);
  if (!error) return absent(core::own_error(core::ErrorClass::not_found, "the provider has no such thing"));
  const auto message = bounded_text(error->message, core::kProviderMessageBytesMax);
  const auto words = without_places(message);
  const int code = grpc_code(error->status);
  auto told = rpc_error(code != 0 ? code : kNotFoundCode, words, words == message ? event.body : std::string_view());
  told.http_status = event.status >= 400 ? event.status : error->code;
  return absent(std::move(told));
}

core::Presence presence_of_file(const JsonValue& file) {
  switch (file_state(file)) {
    case FileState::ready:
      break;
    case FileState::processing:
      return {.present = true, .ready = false};
    case FileState::failed: {
      const auto* error = object_member(&file, "error");
      if (error == nullptr)
        return absent(core::own_error(core::ErrorClass::invalid, "the provider could not process the file"));
      const auto status = read_status(*error);
      return absent(rpc_error(status.code != 0 ? status.code : kInvalidCode, status.message, {}));
    }
  }
  return {.present = true};
}

// Reads the description of the thing that was asked for, or what is said of its absence.
using Describe = std::function<core::Presence(const JsonValue&)>;
PresenceNext read_thing(CallKind call, const HttpEvent& event, const std::string& thing, const Describe& describe) {
  if (is_success(event)) {
    const auto document = ControlDocument::parse(event.body);
    const auto shown = document ? text_member(&document->root(), "name") : std::string();
    const bool alias = call == CallKind::check_model && model_name(shown);  // models may have several names
    if (shown == thing || alias) return describe(document->root());
  }
  auto fault = classify(call, event);
  if (fault.kind == Fault::Kind::missing) return absent_by(event);
  if (fault.kind != Fault::Kind::refused || call == CallKind::check_file) return fault;
  // Files whose names are longer than files.get accepts are results of jobs: whether one is there isn't known.
  const bool long_name = is_file_name(thing) && thing.size() > kFilePrefix.size() + kFileIdBytesMax;
  if (long_name) return core::Presence{.present = true};
  return absent_by(event);  // but for its name there is nothing in the call that could be wrong
}

core::DialoguePtr<core::Presence> look_up(CallKind call, const std::string& version, const std::string& thing,
                                          Describe describe) {
  return std::make_unique<CallAboutThing<core::Presence>>(
      Absence(version, thing), json_call("GET", "/" + version + "/" + thing),
      [call, thing, describe = std::move(describe)](const HttpEvent& event) {
        return read_thing(call, event, thing, describe);
      },
      absent_by);
}

// The names under which models.get shows that a model takes batches of an endpoint.
std::span<const std::string_view> batch_methods(std::string_view endpoint) {
  static constexpr std::array<std::string_view, 1> kGenerate{"batchGenerateContent"};
  static constexpr std::array<std::string_view, 4> kEmbed{"asyncBatchEmbedContent", "asyncBatchEmbedContents",
                                                          "batchEmbedContents", "batchEmbedContent"};
  if (endpoint == "embedContent") return kEmbed;
  return kGenerate;
}

core::Presence presence_of_model(const JsonValue& model, const core::Lane& lane) {
  const auto* methods = member(&model, "supportedGenerationMethods");
  if (methods == nullptr || !methods->IsArray()) return {.present = true};
  const auto wanted = batch_methods(lane.endpoint);
  std::string shown;
  for (const auto& method : methods->GetArray()) {
    if (!method.IsString()) continue;
    const std::string_view name(method.GetString(), method.GetStringLength());
    if (std::ranges::find(wanted, name) != wanted.end()) return {.present = true};
    shown += (shown.empty() ? "" : ", ") + std::string(name);
  }
  if (shown.empty()) return {.present = true};
  const auto words = "the model " + lane.model + " takes no batches of " + lane.endpoint +
                     " requests: the provider says that it supports " + shown;
  return absent(core::own_error(core::ErrorClass::not_found, bounded_text(words, core::kProviderMessageBytesMax)));
}

}  // namespace

FileState file_state(const JsonValue& file) {
  const auto state = text_member(&file, "state");
  if (state == "FAILED") return FileState::failed;
  const bool ready = state.empty() || state == "ACTIVE" || state == "STATE_UNSPECIFIED";
  return ready ? FileState::ready : FileState::processing;
}

core::DialoguePtr<core::Presence> check_file(const std::string& version, const std::string& file) {
  if (!is_file_name(file)) return std::make_unique<RefusingDialogue<core::Presence>>("not a file's name");
  return look_up(CallKind::check_file, version, file, presence_of_file);
}

core::DialoguePtr<core::Presence> check_model(const std::string& version, const core::Lane& lane) {
  if (model_name(lane.model) != lane.model)
    return std::make_unique<RefusingDialogue<core::Presence>>("not a model's name");
  return look_up(CallKind::check_model, version, "models/" + lane.model,
                 [lane](const JsonValue& model) { return presence_of_model(model, lane); });
}

core::DialoguePtr<core::Presence> check_reference(const std::string& version, const std::string& reference) {
  if (is_cache_name(reference))
    return look_up(CallKind::check_reference, version, reference,
                   [](const JsonValue&) { return core::Presence{.present = true}; });
  if (!is_file_name(reference)) return std::make_unique<RefusingDialogue<core::Presence>>("not a reference");
  return look_up(CallKind::check_reference, version, reference, presence_of_file);
}

std::optional<std::string> reference_in(std::string_view value) {
  constexpr std::string_view host = "https://generativelanguage.googleapis.com";
  constexpr std::string_view loopback[] = {"http://127.0.0.1:", "http://localhost:", "http://[::1]:"};
  if (is_file_name(value) || is_cache_name(value)) return std::string(value);
  // Plain HTTP to this machine is a proxy or an emulator of the provider (HttpsClientConfig::base_url).
  bool on_host = value.starts_with(host);
  if (on_host) value.remove_prefix(host.size());
  for (const auto prefix : loopback) {
    if (on_host || !value.starts_with(prefix)) continue;
    value.remove_prefix(std::min(value.find('/', prefix.size()), value.size()));
    on_host = true;
  }
  const auto version_end = value.find('/', 1);
  if (!on_host || !value.starts_with("/v") || version_end == std::string_view::npos) return std::nullopt;
  value.remove_prefix(version_end + 1);
  if (!is_file_name(value)) return std::nullopt;
  return std::string(value);
}

}  // namespace batchd::proto
