#include "daemon/engine/disk_room.h"

#include <filesystem>

namespace batchd::daemon {

bool has_room(const config::Store& store, std::int64_t bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::absolute(store.path).parent_path(), error);
  return error || static_cast<std::int64_t>(space.available) >= bytes + store.disk_floor + store.reserve;
}

}  // namespace batchd::daemon
