// Stories of batches whose members move on into children.
#pragma once

#include <set>

#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {

class SplitStories : public ContractStories {
 protected:
  BatchId refused_batch(std::vector<OwnerId> owners) { return refuse(sealed_batch(std::move(owners))); }
  Batch batch_of(BatchId id) {
    return must([&](Store& s) { return s.get_batch(id); });
  }
  OwnerCounts owners_of(BatchId id) {
    return must([&](Store& s) { return s.count_owners(id); });
  }
  std::int64_t name(BatchId id, const std::vector<std::int64_t>& lines) {
    return must([&](Store& s) { return s.name_owners(id, lines); });
  }
  // Returns whose requests the sealed batches have.
  using Owners = std::set<std::set<OwnerId>>;
  Owners owners_of_children() {
    Owners all;
    for (const auto& child : batches_in({BatchState::sealed})) all.insert(owners_in(child.id));
    return all;
  }
  std::set<OwnerId> owners_in(BatchId id) {
    std::set<OwnerId> owners;
    for (const auto owner : everybody_)
      for (const auto& seen : must([&](Store& s) { return s.list_requests(owner, {}, {}, 500); }).requests)
        if (seen.batch == id) owners.insert(owner);
    return owners;
  }
  // Makes a refused batch with so many requests of each of five owners, one owner's after the other's.
  BatchId batch_of_five(int each) {
    for (const auto owner : everybody_) accept_many(owner, each);
    return refused_batch(everybody_);
  }
  BatchId refuse(BatchId batch) {
    walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
    return batch;
  }
  void cancel_one(OwnerId owner) {
    const auto newest = must([&](Store& s) { return s.list_requests(owner, {}, {}, 1); }).requests.at(0).id;
    must([&](Store& s) { return s.cancel(owner, newest, now_); });
  }
  BatchId only_sealed(std::set<OwnerId> owners) {
    for (const auto& child : batches_in({BatchState::sealed}))
      if (owners_in(child.id) == owners) return child.id;
    ADD_FAILURE() << "no such child";
    return {};
  }
  // Splits with a restart and a recovery after every step; returns the number of steps.
  int split_with_restarts(BatchId batch, SplitRule rule) {
    for (int steps = 1;; ++steps) {
      if (must([&](Store& s) { return s.split(batch, rule, now_); }).finished) return steps;
      reopen();
      while (must([&](Store& s) { return s.recover(now_); })) {
      }
      for (const auto& child : batches_in({BatchState::sealed}))
        EXPECT_NE(child.parent, batch);  // not before the parent is done
    }
  }

  const OwnerId c_{1003}, d_{1004}, e_{1005};
  const std::vector<OwnerId> everybody_{kAnna, kBob, c_, d_, e_};
};

}  // namespace batchd::storage::testing
