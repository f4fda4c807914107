#include "daemon/stages/refused_lines.h"

#include <vector>

namespace batchd::daemon {
namespace {

constexpr std::size_t kLinesWithWordsMax = 50;  // each is one pass over the members

void add(core::Recorded& all, const core::Recorded& some) {
  all.finished.insert(all.finished.end(), some.finished.begin(), some.finished.end());
  all.owners.insert(all.owners.end(), some.owners.begin(), some.owners.end());
  for (std::size_t i = 0; i < all.ends.size(); ++i) all.ends[i] += some.ends[i];
}

core::Result<void> fail_lines(core::Store& store, core::BatchId batch, std::span<const std::int64_t> lines,
                              const core::RequestError& error, core::WallTime wall, core::Recorded& all) {
  for (bool more = true; more;) {
    const auto chunk = store.fail_members(batch, lines, error, wall);
    if (!chunk) return chunk.error();
    add(all, *chunk);
    more = chunk->more;
  }
  return {};
}

}  // namespace

core::Result<core::Recorded> fail_named_lines(core::Store& store, core::BatchId batch,
                                              std::span<const core::LineRefusal> lines, core::WallTime wall) {
  core::Recorded all;
  if (lines.size() > kLinesWithWordsMax) {
    auto error = lines.front().error;
    error.message = "the provider refused this request and others; send it alone to hear why";
    error.body.clear();
    std::vector<std::int64_t> numbers;
    for (const auto& refused : lines) numbers.push_back(refused.line);
    if (const auto failed = fail_lines(store, batch, numbers, error, wall, all); !failed) return failed.error();
  } else {
    for (const auto& refused : lines) {
      const auto failed = fail_lines(store, batch, std::span(&refused.line, 1), refused.error, wall, all);
      if (!failed) return failed.error();
    }
  }
  if (!all.finished.empty()) return all;
  const auto cut = store.mark(batch, core::BatchState::refused, core::BatchState::refused,
                              {.refusal = core::RefusedFor::poison}, wall);
  if (!cut) return cut.error();
  return all;
}

}  // namespace batchd::daemon
