// Moves the members of a refused or fenced batch into children, a chunk per step. Everything that the next step needs
// to know is stored by the step, so a restart in between doesn't change which member goes to which child.
#include <map>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

using Children = std::vector<BatchRow>;

// Chooses the child for a member, as an index; children.size() stands for a child that doesn't exist yet.
class Chooser {
 public:
  Chooser(const BatchRow& parent, const Children& children) : parent_(parent), children_(children) {}

  void owns(core::OwnerId owner, std::size_t child) { by_owner_.emplace(owner, child); }

  std::size_t choose(const Member& member) {
    switch (*parent_.split_rule) {
      case core::SplitRule::whole:
        return 0;
      case core::SplitRule::by_owner:
        return by_owner_.emplace(member.owner, children_.size()).first->second;
      case core::SplitRule::halve:
        return children_.empty() || children_.front().items < parent_.split_first ? 0 : 1;
    }
    CHECK(false);
    return 0;
  }

 private:
  const BatchRow& parent_;
  const Children& children_;
  std::map<core::OwnerId, std::size_t> by_owner_;
};

}  // namespace

core::Result<core::SplitStep> SqliteStore::split(core::BatchId id, core::SplitRule rule, core::WallTime now) {
  return verb([&]() -> core::SplitStep {
    auto parent = load_in(id, {core::BatchState::refused, core::BatchState::fenced});
    if (!parent.split_rule) {
      parent.split_rule = rule;
      parent.split_first = (parent.packed + 1) / 2;
    }
    Children children;
    {
      auto rows = db_->query("SELECT id FROM batch WHERE parent = ? ORDER BY id", id);
      while (rows.row()) children.push_back(load(rows.id<core::BatchId>(0)));
    }
    Chooser chooser(parent, children);
    if (*parent.split_rule == core::SplitRule::by_owner)
      for (std::size_t i = 0; i < children.size(); ++i) {
        auto row = db_->query("SELECT owner FROM request WHERE batch = ? LIMIT 1", children[i].id);
        CHECK(row.row());  // a child is created together with its first member
        chooser.owns(row.id<core::OwnerId>(0), i);
      }

    for (const auto& member : packed_members(id, kVerbWrites)) {
      const auto choice = chooser.choose(member);
      if (choice == children.size())
        children.push_back(load(insert_batch(parent.lane_id, core::SealReason::lineage, &parent, now)));
      auto& child = children.at(choice);
      CHECK(db_->run("UPDATE request SET batch = ?1, last_batch = ?1 WHERE id = ?2 AND state = 1 AND batch = ?3",
                     child.id, member.id, id) == 1);
      child.items += 1;
      child.packed += 1;
      child.body_bytes += member.body_bytes;
      child.tokens += member.tokens;
      parent.packed -= 1;
    }
    const bool finished = parent.packed == 0;
    for (auto& child : children) {
      if (!finished)
        save(child, child.state);
      else  // all of its members may have been cancelled between two steps
        move(child, child.packed > 0 ? core::BatchState::sealed : core::BatchState::unsealed, now);
    }
    if (finished)
      move(parent, core::BatchState::done, now);
    else
      save(parent, parent.state);
    return {finished};
  });
}

core::Result<std::int64_t> SqliteStore::count_owners(core::BatchId batch) {
  return verb([&] {
    auto count = db_->query("SELECT count(DISTINCT owner) FROM request WHERE batch = ? AND state = 1", batch);
    return count.row() ? count.integer(0) : 0;
  });
}

}  // namespace batchd::storage
