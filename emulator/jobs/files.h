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
  std::uint64_t sequence = 0;  // order of creation
};

class Files {
 public:
  explicit Files(double life_seconds) : life_seconds_(life_seconds) {}

  // Adds a file, and completes its id (if empty), times and sequence. `life_seconds` overrides the lifetime of all
  // files. Returns null if the id is taken.
  std::shared_ptr<const File> add(File file, std::optional<double> life_seconds = std::nullopt);
  std::uint64_t stored_bytes(std::string_view project);  // sum over all its files
  // Returns null if there is no such file, it has expired, or it is another project's.
  std::shared_ptr<const File> find(std::string_view project, std::string_view id);
  bool taken(std::string_view id);
  void remove(std::string_view id);
  // Returns the project's files older than `before` (0: all), newest first, at most `count` + 1.
  std::vector<std::shared_ptr<const File>> page(std::string_view project, std::uint64_t before, std::size_t count);

 private:
  void expire();

  double life_seconds_;
  std::uint64_t last_sequence_ = 0;
  std::map<std::string, std::shared_ptr<const File>, std::less<>> files_;
};

// Returns the File resource; `base` is the address the client used, such as "http://127.0.0.1:8080".
std::string file_json(const File& file, std::string_view base, std::string_view version);

}  // namespace batchd::emulator
