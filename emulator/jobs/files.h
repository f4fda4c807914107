// The provider's files per project: uploaded inputs and generated results, each with an expiry time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/blob.h"
#include "emulator/base/ids.h"
#include "emulator/base/switches.h"

namespace batchd::emulator {

struct File {
  std::string id;  // without "files/"
  std::string project;
  std::string display_name;
  std::string mime_type;
  std::shared_ptr<const Blob> content;
  std::string sha256_hex;
  bool generated = false;  // a batch's result
  TimePoint created;
  TimePoint expires;
  double processing_seconds = 0;  // after its creation; PROCESSING so long
  bool fails = false;             // it is FAILED then, and not ACTIVE
  std::uint64_t sequence = 0;     // order of creation
};
std::string_view file_state_text(const File& file);  // "ACTIVE", "PROCESSING" or "FAILED", now
bool is_active(const File& file);

class Files {
 public:
  Files(double life_seconds, const Switches& switches) : life_seconds_(life_seconds), switches_(switches) {}

  // Adds a file, and completes its id (if empty), times and sequence. `life_seconds` overrides the lifetime of all
  // files. Returns null if the id is taken.
  std::shared_ptr<const File> add(File file, std::optional<double> life_seconds = std::nullopt);
  // Returns the sum over all its files, and over those that are gone but not yet given back.
  std::uint64_t stored_bytes(std::string_view project);
  // Returns null if there is no such file, it has expired, or it is another project's.
  std::shared_ptr<const File> find(std::string_view project, std::string_view id);
  bool taken(std::string_view id);
  void remove(std::string_view id);
  // Removes a batch's result together with the batch; `batch` has no "batches/".
  void remove_result(std::string_view project, std::string_view batch);
  // True if the file was the project's result of a batch that was deleted.
  bool went_with_batch(std::string_view project, std::string_view id) const;
  // Returns the project's files older than `before` (0: all), newest first, at most `count` + 1.
  std::vector<std::shared_ptr<const File>> page(std::string_view project, std::uint64_t before, std::size_t count);

 private:
  struct Held {  // bytes of a file that is gone
    std::string project;
    std::uint64_t bytes;
    TimePoint until;
  };
  void expire();
  void hold_back(const File& file);

  double life_seconds_;
  const Switches& switches_;
  std::uint64_t last_sequence_ = 0;
  std::map<std::string, std::shared_ptr<const File>, std::less<>> files_;
  std::vector<Held> held_;
  std::map<std::string, std::uint64_t, std::less<>> lost_;             // bytes that never come back, by project
  std::map<std::string, std::string, std::less<>> gone_with_batches_;  // ids of results, and their projects
};

// Returns the File resource; `base` is the address the client used, such as "http://127.0.0.1:8080".
std::string file_json(const File& file, std::string_view base, std::string_view version);

}  // namespace batchd::emulator
