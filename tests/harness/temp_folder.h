// A folder that is removed with the object. Other users may enter it (0755), so that clients of other uids can reach
// the socket.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace batchd::harness {

class TempFolder {
 public:
  TempFolder();  // in $TMPDIR or /tmp, short enough for a socket's path; throws std::runtime_error
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string file(std::string_view name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }
  void keep() { keep_ = true; }  // not removed then, so that one can see what went wrong

 private:
  std::filesystem::path path_;
  bool keep_ = false;
};

std::string read_file(const std::string& path);  // empty if the file doesn't exist
void write_file(const std::string& path, std::string_view text);

}  // namespace batchd::harness
