// Moves the members of a refused or fenced batch into children, a chunk per step. Everything that the next step needs
// to know is stored by the step, so a restart in between doesn't change which member goes to which child.
#include <map>
#include <set>

#include "storage/sqlite/impl.h"
#include "storage/sqlite/members.h"

namespace batchd::storage {
namespace {

using Children = std::vector<BatchRow>;

bool cuts_between_owners(core::SplitRule rule) {
  switch (rule) {
    case core::SplitRule::halve_owners:
    case core::SplitRule::named_owners:
      return true;
    case core::SplitRule::whole:
    case core::SplitRule::halve:
      return false;
  }
  CHECK(false);
  return false;
}

std::set<core::OwnerId> named_owners_of(Db& db, core::BatchId batch) {
  std::set<core::OwnerId> owners;
  auto rows = db.query("SELECT owner FROM named_owner WHERE batch = ?", batch);
  while (rows.row()) owners.insert(rows.id<core::OwnerId>(0));
  return owners;
}

// Returns true if the batch has the requests of several owners of whom no line was named, while those of others went
// apart: lines were named, but not all that are at fault.
bool is_of_others(Db& db, core::BatchId batch, std::int64_t owners) {
  if (owners <= 1) return false;  // it may be the child of a named owner
  for (auto at = batch;;) {
    auto parent = db.query(
        "SELECT p.id, p.split_rule FROM batch b JOIN batch p ON p.id = b.parent WHERE b.id = ? AND"
        " p.split_rule IS NOT NULL",
        at);
    if (!parent.row()) return false;
    const auto rule = parent.state<core::SplitRule>(1);
    if (rule != core::SplitRule::whole) return rule == core::SplitRule::named_owners;
    at = parent.id<core::BatchId>(0);
  }
}

// Chooses the child for a member, as an index; children.size() stands for a child that doesn't exist yet.
class Chooser {
 public:
  Chooser(Db& db, const BatchRow& parent, const Children& children) : parent_(parent), children_(children) {
    if (!cuts_between_owners(*parent.split_rule)) return;
    if (parent.split_rule == core::SplitRule::named_owners) named_ = named_owners_of(db, parent.id);
    for (std::size_t i = 0; i < children.size(); ++i) {
      auto row = db.query("SELECT owner FROM request WHERE batch = ? LIMIT 1", children[i].id);
      CHECK(row.row());  // a child is made together with its first member
      by_place_.emplace(place_of(row.id<core::OwnerId>(0)), i);
    }
  }

  std::size_t choose(const Member& member) {
    switch (*parent_.split_rule) {
      case core::SplitRule::whole:
        return 0;
      case core::SplitRule::halve:
        return children_.empty() || children_.front().items < parent_.split_first ? 0 : 1;
      case core::SplitRule::halve_owners:
      case core::SplitRule::named_owners:
        return by_place_.emplace(place_of(member.owner), children_.size()).first->second;
    }
    CHECK(false);
    return 0;
  }

 private:
  // Members of one place go to one child. Places of named owners are their own ids, which are above 0.
  std::int64_t place_of(core::OwnerId owner) const {
    if (named_.contains(owner)) return owner.value();
    return owner.value() < parent_.split_first ? 0 : -1;
  }

  const BatchRow& parent_;
  const Children& children_;
  std::set<core::OwnerId> named_;
  std::map<std::int64_t, std::size_t> by_place_;
};

// Records what the whole split keeps to, however long it takes and whoever of the members ends meanwhile.
void begin_split(Db& db, BatchRow& parent, core::SplitRule rule) {
  const auto owners = owners_in(db, parent.id);
  parent.split_rule = rule;
  parent.split_owners = std::ssize(owners);
  parent.split_first = 0;
  if (rule == core::SplitRule::halve) parent.split_first = (parent.packed + 1) / 2;
  if (!cuts_between_owners(rule)) return;
  std::set<core::OwnerId> apart;
  if (rule == core::SplitRule::named_owners) {
    if (!is_of_others(db, parent.id, parent.split_owners)) return;
    apart = named_owners_of(db, parent.id);
  }
  std::vector<core::OwnerId> divided;
  for (const auto& [owner, all, packed] : owners)
    if (packed > 0 && !apart.contains(owner)) divided.push_back(owner);
  if (divided.size() > 1) parent.split_first = divided[divided.size() / 2].value();
}

// A child that has the requests of its owners apart from those of its parent's other owners begins a part of the
// lineage.
bool begins_part(Db& db, const BatchRow& parent, const BatchRow& child) {
  if (cuts_between_owners(*parent.split_rule)) return true;
  return parent.split_owners > 1 && owners_in(db, child.id).size() == 1;
}

}  // namespace

core::Result<core::SplitStep> SqliteStore::split(core::BatchId id, core::SplitRule rule, core::WallTime now) {
  return verb([&]() -> core::SplitStep {
    auto parent = load_in(id, {core::BatchState::refused, core::BatchState::fenced});
    if (!parent.split_rule) begin_split(*db_, parent, rule);
    Children children;
    {
      auto rows = db_->query("SELECT id FROM batch WHERE parent = ? ORDER BY id", id);
      while (rows.row()) children.push_back(load(rows.id<core::BatchId>(0)));
    }
    Chooser chooser(*db_, parent, children);
    for (const auto& member : packed_members(*db_, id, kVerbWrites)) {
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
      if (!finished) {
        save(child, child.state);
        continue;
      }
      if (begins_part(*db_, parent, child))
        db_->run("UPDATE batch SET part = id, creates = ? WHERE id = ?", parent.creates, child.id);
      // All of its members may have been cancelled between two steps.
      move(child, child.packed > 0 ? core::BatchState::sealed : core::BatchState::unsealed, now);
    }
    if (finished) {
      move(parent, core::BatchState::done, now);
    } else {
      // After a restart the split must go on, whatever is known by then. Whatever next_step() says of this refusal is a
      // split.
      if (parent.state == core::BatchState::refused) parent.refusal = core::RefusedFor::owners;
      save(parent, parent.state);
    }
    return {finished};
  });
}

}  // namespace batchd::storage
