#include "daemon/stages/refused_lines.h"

namespace batchd::daemon {
namespace {

core::Result<void> mark_as(core::Store& store, core::BatchId batch, core::RefusedFor refusal, core::WallTime wall) {
  const auto marked =
      store.mark(batch, core::BatchState::refused, core::BatchState::refused, {.refusal = refusal}, wall);
  if (!marked) return marked.error();
  return {};
}

}  // namespace

std::vector<std::int64_t> line_numbers(std::span<const core::LineRefusal> lines) {
  std::vector<std::int64_t> numbers;
  for (const auto& refused : lines) numbers.push_back(refused.line);
  return numbers;
}

core::Result<core::Recorded> fail_lines(core::Store& store, core::BatchId batch,
                                        std::span<const core::LineRefusal> lines, core::WallTime wall) {
  core::Recorded all;
  for (bool more = true; more;) {
    const auto some = store.fail_lines(batch, lines, wall);
    if (!some) return some.error();
    all.finished.insert(all.finished.end(), some->finished.begin(), some->finished.end());
    all.owners.insert(all.owners.end(), some->owners.begin(), some->owners.end());
    for (std::size_t i = 0; i < all.ends.size(); ++i) all.ends[i] += some->ends[i];
    more = some->more;
  }
  return all;
}

core::Result<core::Recorded> take_named_lines(core::Store& store, core::BatchId batch,
                                              std::span<const core::LineRefusal> lines, core::WallTime wall) {
  const auto owners = store.count_owners(batch);
  if (!owners) return owners.error();
  if (owners->all > 1) {
    const auto named = store.name_owners(batch, line_numbers(lines));
    if (!named) return named.error();
    const auto refusal = *named > 0 ? core::RefusedFor::owners : core::RefusedFor::poison;
    if (const auto marked = mark_as(store, batch, refusal, wall); !marked) return marked.error();
    return core::Recorded{};
  }
  auto failed = fail_lines(store, batch, lines, wall);
  if (failed && failed->finished.empty()) {
    if (const auto marked = mark_as(store, batch, core::RefusedFor::poison, wall); !marked) return marked.error();
  }
  return failed;
}

}  // namespace batchd::daemon
