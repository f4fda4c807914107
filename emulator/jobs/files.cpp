#include "emulator/jobs/files.h"

#include <algorithm>

#include "emulator/dialect/answers.h"
#include "proto/json/base64.h"
#include "proto/json/write.h"

namespace batchd::emulator {

std::string_view file_state_text(const File& file) {
  const std::chrono::duration<double> age(std::chrono::system_clock::now() - file.created);
  if (age.count() < file.processing_seconds) return "PROCESSING";
  return file.fails ? "FAILED" : "ACTIVE";
}

bool is_active(const File& file) { return file_state_text(file) == "ACTIVE"; }

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
  for (const auto& held : held_)
    if (held.project == project) bytes += held.bytes;
  const auto lost = lost_.find(project);
  return bytes + (lost == lost_.end() ? 0 : lost->second);
}

bool Files::taken(std::string_view id) {
  expire();
  return files_.contains(id);
}

void Files::remove(std::string_view id) {
  const auto found = files_.find(id);
  if (found == files_.end()) return;
  hold_back(*found->second);
  files_.erase(found);
}

void Files::remove_result(std::string_view project, std::string_view batch) {
  const auto id = "batch-" + std::string(batch);
  remove(id);
  gone_with_batches_.emplace(id, project);
}

bool Files::went_with_batch(std::string_view project, std::string_view id) const {
  const auto found = gone_with_batches_.find(id);
  return found != gone_with_batches_.end() && found->second == project;
}

// What a file had counts on if a switch says so.
void Files::hold_back(const File& file) {
  if (switches_.is(Switch::storage_refund, "never")) lost_[file.project] += file.content->size();
  if (!switches_.is(Switch::storage_refund, "late")) return;
  const std::chrono::duration<double> late(switches_.number(Switch::storage_refund_seconds));
  const auto until = std::chrono::system_clock::now() + std::chrono::duration_cast<TimePoint::duration>(late);
  held_.push_back({file.project, file.content->size(), until});
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
  std::erase_if(files_, [&](const auto& entry) {
    if (entry.second->expires > now) return false;
    hold_back(*entry.second);
    return true;
  });
  std::erase_if(held_, [now](const auto& held) { return held.until <= now; });
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
  w.string(file_state_text(file));
  if (file_state_text(file) == "FAILED") {
    w.key("error");
    w.raw(status_json(13, "Failed to process the file."));
  }
  w.key("source");
  w.string(file.generated ? "GENERATED" : "UPLOADED");
  w.end_object();
  return out;
}

}  // namespace batchd::emulator
