#include "storage/sqlite/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "storage/sqlite/db.h"

namespace batchd::storage {

void give_up(core::Errc code, std::string why) { throw VerbFailed{{code, std::move(why)}}; }

void give_up_errno(const std::string& what) { give_up(core::Errc::store_failed, what + ": " + std::strerror(errno)); }

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

void flush_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) give_up_errno("can't open " + folder);
  const bool flushed = ::fsync(fd) == 0;
  ::close(fd);
  if (!flushed) give_up_errno("can't flush " + folder);
}

}  // namespace batchd::storage
