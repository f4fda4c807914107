#include <algorithm>
#include <unordered_set>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

struct Pending {
  Member member;
  const core::RequestOutcome* outcome;
  core::BodyRef line;
};

}  // namespace

core::Result<core::Recorded> SqliteStore::record_outcomes(core::BatchId id,
                                                          std::span<const core::RequestOutcome> outcomes,
                                                          int max_attempts, core::WallTime now) {
  return verb([&] {
    using enum core::BatchState;
    auto batch = load_in(id, {collecting, refused, fenced, unsealed});
    core::Recorded recorded;
    std::vector<Pending> pending;
    std::unordered_set<core::RequestId> seen;
    // Bodies are appended in the order of `outcomes`; then the small rows are changed in order of id, which touches
    // each page once.
    for (const auto& outcome : outcomes) {
      Member member{outcome.request, {}, 0, 0, 0};
      bool wanted = false;
      {
        auto row = db_->query(
            "SELECT owner, attempts, body_bytes, tokens FROM request WHERE id = ? AND state = 1 AND batch = ?",
            outcome.request, id);
        if (row.row()) {
          member = {outcome.request, row.id<core::OwnerId>(0), row.small(1), row.integer(2), row.integer(3)};
          wanted = seen.insert(outcome.request).second;  // the first of two outcomes of a request wins
        }
      }
      core::BodyRef line;
      if (outcome.spooled) {
        line = adopt_spooled(outcome.spooled);
        if (!wanted || !outcome.success) drop_body(line);
      } else if (wanted && outcome.success) {
        line = put_body(outcome.line);
      }
      if (wanted) pending.push_back({member, &outcome, line});
    }
    std::sort(pending.begin(), pending.end(), [](const auto& a, const auto& b) { return a.member.id < b.member.id; });
    for (const auto& [member, outcome, line] : pending) {
      const int attempts = member.attempts + (outcome->again ? 1 : 0);
      auto next = outcome->success ? core::RequestState::succeeded : core::RequestState::failed;
      if (!outcome->success && outcome->again) next = core::after_attempt(attempts, max_attempts, false);
      if (next == core::RequestState::queued) {
        requeue(batch, member, attempts, now);
        ++batch.lines.requeued;
        ++recorded.requeued;
        continue;
      }
      if (next == core::RequestState::succeeded)
        succeed(batch, member, line, *outcome, now);
      else
        fail(batch, member, next, attempts, outcome->error, now);
      add_end(recorded, member.id, member.owner, next);
    }
    save(batch, batch.state);
    return recorded;
  });
}

}  // namespace batchd::storage
