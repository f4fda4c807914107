// Why intake is refused: the queue is full, an owner's share of it is full, or the disk is nearly full.
#include <sys/statvfs.h>

#include <filesystem>

#include "storage/sqlite/impl.h"

namespace batchd::storage {

core::Result<void> SqliteStore::limit_queue(const core::QueueLimits& limits) {
  return verb([&] { limits_ = limits; });
}

std::int64_t SqliteStore::free_bytes() {
  if (free_bytes_) return *free_bytes_;
  const auto folder = std::filesystem::path(config_.path).parent_path();
  struct statvfs info {};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &info) == 0)
    free_bytes_ = static_cast<std::int64_t>(info.f_bavail * info.f_frsize);
  else
    free_bytes_ = INT64_MAX;  // unknown: SQLite itself fails if there is no room
  return *free_bytes_;
}

void SqliteStore::require_free_space() {
  if (limits_.free_bytes_min <= 0 || free_bytes() >= limits_.free_bytes_min) return;
  refuse(core::Errc::disk_full, "the store's disk has " + std::to_string(free_bytes()) + " bytes free, less than the " +
                                    std::to_string(limits_.free_bytes_min) + " that are kept for results");
}

void SqliteStore::require_room(core::OwnerId owner, std::int64_t items, std::int64_t bytes, std::int64_t spooled) {
  const auto of_owner =
      counters_.value({CounterKind::requests, owner.value(), static_cast<std::int64_t>(core::RequestState::queued)});
  if (of_owner > limits_.owner_requests - items)
    refuse(core::Errc::queue_full,
           "your share of the queue is full: " + std::to_string(limits_.owner_requests) + " requests");
  if (counters_.value({CounterKind::queued_items}) > limits_.requests - items)
    refuse(core::Errc::queue_full,
           "the queue of this machine is full: " + std::to_string(limits_.requests) + " requests");
  require_room_to_spool(owner, bytes - spooled);
}

void SqliteStore::require_room_to_spool(core::OwnerId owner, std::int64_t bytes) {
  const auto of_owner = counters_.value({CounterKind::owner_bytes, owner.value()}) +
                        counters_.value({CounterKind::owner_spooled, owner.value()});
  if (of_owner > limits_.owner_bytes - bytes)
    refuse(core::Errc::queue_full,
           "your share of the queue is full: " + std::to_string(limits_.owner_bytes) + " bytes");
  const auto used = counters_.value({CounterKind::queued_bytes}) + counters_.value({CounterKind::staged_bytes});
  if (used > limits_.bytes - bytes)
    refuse(core::Errc::queue_full, "the queue of this machine is full: " + std::to_string(limits_.bytes) + " bytes");
}

void SqliteStore::count_spooled(core::OwnerId owner, std::int64_t bytes) {
  counters_.add({CounterKind::staged_bytes}, bytes);
  counters_.add({CounterKind::owner_spooled, owner.value()}, bytes);
}

void SqliteStore::count_queue(core::LaneId lane, core::OwnerId owner, std::int64_t items, std::int64_t bytes,
                              std::int64_t tokens) {
  counters_.add({CounterKind::queue_items, lane.value(), owner.value()}, items);
  counters_.add({CounterKind::queue_bytes, lane.value(), owner.value()}, bytes);
  counters_.add({CounterKind::queue_tokens, lane.value(), owner.value()}, tokens);
  counters_.add({CounterKind::queued_items}, items);
  counters_.add({CounterKind::queued_bytes}, bytes);
  counters_.add({CounterKind::owner_bytes, owner.value()}, bytes);
}

}  // namespace batchd::storage
