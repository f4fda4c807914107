// Which bodies an audit has found an owner of: a bit for each body that lives, in pages.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>

namespace batchd::storage {

// A body belongs to somebody from its first chunk on (a request, a result, or a stage that becomes one of them),
// changes hands only from a stage, and never comes back once it is garbage. So whatever existed when a walk over all
// requests began, was no stage then, and wasn't met by the whole walk, has no owner. Walks may be broken off, and two
// may run side by side: the youngest counts. A step that is made twice does no harm.
class BodyOwners {
 public:
  // A walk begins; bodies up to `last` exist.
  void begin(std::int64_t last) {
    pages_.clear();
    last_ = last;
    from_ = 0;
    next_ = 0;
  }
  // Whether the step from `after` on belongs to the walk.
  bool follows(std::int64_t after) const { return after == from_ || (next_ && after == *next_); }
  void own(std::int64_t body) {
    if (body > 0) pages_[body / kPage].set(static_cast<std::size_t>(body % kPage));  // a damaged row may say anything
  }
  void step(std::int64_t from, std::optional<std::int64_t> next) {
    from_ = from;
    next_ = next;
  }
  bool complete() const { return last_ > 0 && !next_; }
  bool owned(std::int64_t body) const {
    if (body > last_) return true;  // younger than the walk: it doesn't know
    if (body <= 0) return false;
    const auto page = pages_.find(body / kPage);
    return page != pages_.end() && page->second.test(static_cast<std::size_t>(body % kPage));
  }
  void forget() { begin(0); }

 private:
  static constexpr std::int64_t kPage = 8192;
  std::map<std::int64_t, std::bitset<kPage>> pages_;
  std::int64_t last_ = 0;
  std::int64_t from_ = 0;                 // where the walk's last step began
  std::optional<std::int64_t> next_ = 0;  // where the next one begins; none: it came to the end
};

}  // namespace batchd::storage
