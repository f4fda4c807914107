#include "emulator/jobs/files.h"

#include <algorithm>

#include "proto/json/base64.h"
#include "proto/json/write.h"

namespace batchd::emulator {

std::shared_ptr<const File> Files::add(File file, std::optional<double> life_seconds) {
  if (file.id.empty()) file.id = random_id(12);
  if (taken(file.id)) return nullptr;
  file.created = std::chrono::system_clock::now();
  const std::chrono::duration<double> life(life_seconds.value_or(life_seconds_));
  file.expires = file.created + std::chrono::duration_cast<TimePoint::duration>(life);
  file.sequence = ++last_sequence_;
  auto stored = std::make_shared<const File>(std::move(file));
  files_.emplace(stored->id, stored);
  return stored;
}

std::shared_ptr<const File> Files::find(std::string_view project, std::string_view id) {
  expire();
  const auto found = files_.find(id);
  if (found == files_.end() || found->second->project != project) return nullptr;
  return found->second;
}

std::uint64_t Files::stored_bytes(std::string_view project) {
  expire();
  std::uint64_t bytes = 0;
  for (const auto& [id, file] : files_)
    if (file->project == project) bytes += file->content->size();
  return bytes;
}

bool Files::taken(std::string_view id) {
  expire();
  return files_.contains(id);
}

void Files::remove(std::string_view id) {
  const auto found = files_.find(id);
  if (found != files_.end()) files_.erase(found);
}

std::vector<std::shared_ptr<const File>> Files::page(std::string_view project, std::uint64_t before,
                                                     std::size_t count) {
  expire();
  std::vector<std::shared_ptr<const File>> out;
  for (const auto& [id, file] : files_) {
    if (file->project == project && (before == 0 || file->sequence < before)) out.push_back(file);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->sequence > b->sequence; });
  if (out.size() > count + 1) out.resize(count + 1);
  return out;
}

void Files::expire() {
  const auto now = std::chrono::system_clock::now();
  std::erase_if(files_, [now](const auto& entry) { return entry.second->expires <= now; });
}

std::string file_json(const File& file, std::string_view base, std::string_view version) {
  const auto uri = std::string(base) + "/" + std::string(version) + "/files/" + file.id;
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("name");
  w.string("files/" + file.id);
  if (!file.display_name.empty()) {
    w.key("displayName");
    w.string(file.display_name);
  }
  w.key("mimeType");
  w.string(file.mime_type);
  w.key("sizeBytes");
  w.string(std::to_string(file.content->size()));
  w.key("createTime");
  w.string(timestamp(file.created, 6));
  w.key("updateTime");
  w.string(timestamp(file.created, 6));
  w.key("expirationTime");
  w.string(timestamp(file.expires, 9));
  w.key("sha256Hash");
  w.string(json::base64_encode(file.sha256_hex));  // of the hex digits, as the provider does
  w.key("uri");
  w.string(uri);
  if (file.generated) {
    w.key("downloadUri");
    w.string(uri + ":download?alt=media");
  }
  w.key("state");
  w.string("ACTIVE");
  w.key("source");
  w.string(file.generated ? "GENERATED" : "UPLOADED");
  w.end_object();
  return out;
}

}  // namespace batchd::emulator
