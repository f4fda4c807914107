#include "proto/gemini/files.h"

#include <memory>
#include <utility>

#include "core/limits.h"
#include "proto/control_document.h"
#include "proto/gemini/absence.h"
#include "proto/gemini/dialogue.h"
#include "proto/gemini/error.h"
#include "proto/gemini/lookups.h"
#include "proto/gemini/names.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

using core::Fault;
using core::HttpEvent;
using StartNext = core::Dialogue<core::UploadSession>::Next;
using RemovalNext = core::Dialogue<core::Removal>::Next;

std::string file_name(const std::string& name) { return std::string(kFilePrefix) + name; }

std::string start_body(const std::string& name, const std::string& mime_type) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("file");
  w.begin_object();
  w.key("name");
  w.string(file_name(name));
  w.key("displayName");
  w.string(name);
  w.key("mimeType");
  w.string(mime_type);
  w.end_object();
  w.end_object();
  return body;
}

RemovalNext read_removal(const HttpEvent& event, const std::string& file) {
  const bool answered = event.kind == HttpEvent::Kind::answer;
  const auto error = answered ? parse_error(event.body) : std::nullopt;
  if (is_success(event) && !error && (event.body.empty() || ControlDocument::parse(event.body)))
    return core::Removal{.gone = true};
  const auto fault = classify(CallKind::remove_file, event);
  // Names of result files are longer than DELETE accepts: these files stay until they expire.
  if (fault.kind == Fault::Kind::refused && event.status == 400 && file.size() > kFilePrefix.size() + kFileIdBytesMax)
    return core::Removal{.undeletable = true};
  if (fault.kind == Fault::Kind::missing) return core::Removal{.gone = true};
  return fault;
}

}  // namespace

core::HttpCall upload_start_call(const GeminiConfig& config, const core::UploadSpec& spec) {
  CHECK(spec.variant >= 0 && static_cast<std::size_t>(spec.variant) < config.mime_types.size());
  CHECK(spec.name.size() <= core::kFileNameBytesMax && is_file_name(file_name(spec.name)));
  const auto& mime_type = config.mime_types[static_cast<std::size_t>(spec.variant)];
  auto call = json_call("POST", "/upload/" + config.api_version + "/files", start_body(spec.name, mime_type));
  call.headers.push_back({"X-Goog-Upload-Protocol", "resumable"});
  call.headers.push_back({"X-Goog-Upload-Command", "start"});
  call.headers.push_back({"X-Goog-Upload-Header-Content-Length", std::to_string(spec.bytes)});
  call.headers.push_back({"X-Goog-Upload-Header-Content-Type", mime_type});
  return call;
}

StartNext read_upload_start(const HttpEvent& event) {
  if (!is_success(event) || parse_error(event.body)) return classify(CallKind::upload_start, event);
  auto session = session_target(event.header("X-Goog-Upload-URL"));
  if (!session) return unreadable(CallKind::upload_start, event, "the answer has no usable upload URL");
  return core::UploadSession{std::move(*session)};
}

core::Dialogue<core::Uploaded>::Next read_uploaded(const HttpEvent& event, const std::string& name,
                                                   std::int64_t bytes) {
  const auto document = ControlDocument::parse(event.body);
  const auto* root = document ? &document->root() : nullptr;
  const auto* file = object_member(root, "file");
  if (file == nullptr) file = root;
  const auto shown = text_member(file, "name");
  const auto again = [&](std::string why) {
    auto fault = unreadable(CallKind::upload_data, event, std::move(why));
    fault.kind = Fault::Kind::upload_gone;
    return fault;
  };
  if (shown.empty()) return again("the upload is over, but no file came of it");
  if (shown != file_name(name)) return unreadable(CallKind::upload_data, event, "the answer shows another file");
  const auto state = file_state(*file);
  if (state == FileState::failed) return again("the provider could not process the file");
  if (integer_member(file, "sizeBytes").value_or(bytes) != bytes) return again("the file arrived with another size");
  return core::Uploaded{.file = shown, .ready = state == FileState::ready};
}

core::DialoguePtr<core::UploadSession> start_upload(const GeminiConfig& config, const core::UploadSpec& spec) {
  return std::make_unique<SingleCall<core::UploadSession>>(upload_start_call(config, spec), read_upload_start);
}

core::DialoguePtr<core::Removal> remove_file(const std::string& version, const std::string& file) {
  if (!is_file_name(file)) return std::make_unique<RefusingDialogue<core::Removal>>("not a file's name");
  // A second DELETE of a file is answered like one of a file that another project has: with a 403.
  return std::make_unique<CallAboutThing<core::Removal>>(
      Absence(version, file), json_call("DELETE", "/" + version + "/" + file),
      [file](const HttpEvent& event) { return read_removal(event, file); },
      [](const HttpEvent&) -> RemovalNext { return core::Removal{.gone = true}; });
}

}  // namespace batchd::proto
