#include "core/store.h"

namespace batchd::core {

bool Counts::balanced() const {
  std::int64_t sum = purged;
  for (const auto& state : requests) sum += state.items;
  return sum == accepted;
}

}  // namespace batchd::core
