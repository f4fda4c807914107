// Of which bodies an audit has found the owner: one bit for each body, in pages.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>

namespace batchd::storage {

// A body has an owner from its first chunk on: a request, a result, or a row of table `stage` (a spooled body), from
// which alone it can pass to one of the others. Once it is garbage it never gets an owner again. So a body has no owner
// if it existed when a pass over all requests began, wasn't spooled then, and wasn't met by the whole pass. A pass may
// be broken off, and two may run side by side: the one that began last counts. A repeated step does no harm.
class BodyOwners {
 public:
  // Begins a pass; bodies up to `last` exist.
  void begin(std::int64_t last) {
    pages_.clear();
    last_ = last;
    from_ = 0;
    next_ = 0;
  }
  // Returns true if a step from `after` on belongs to the pass.
  bool follows(std::int64_t after) const { return after == from_ || (next_ && after == *next_); }
  void own(std::int64_t body) {
    if (body > 0)
      pages_[body / kPage].set(static_cast<std::size_t>(body % kPage));  // a damaged row may hold any number
  }
  void step(std::int64_t from, std::optional<std::int64_t> next) {
    from_ = from;
    next_ = next;
  }
  bool complete() const { return last_ > 0 && !next_; }
  bool owned(std::int64_t body) const {
    if (body > last_) return true;  // younger than the pass, which knows nothing of it
    if (body <= 0) return false;
    const auto page = pages_.find(body / kPage);
    return page != pages_.end() && page->second.test(static_cast<std::size_t>(body % kPage));
  }
  void forget() { begin(0); }

 private:
  static constexpr std::int64_t kPage = 8192;
  std::map<std::int64_t, std::bitset<kPage>> pages_;
  std::int64_t last_ = 0;
  std::int64_t from_ = 0;                 // where the pass's last step began
  std::optional<std::int64_t> next_ = 0;  // where the next step begins; nullopt: the pass is complete
};

}  // namespace batchd::storage
