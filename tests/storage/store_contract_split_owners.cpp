// Cuts between owners: whose requests go apart, and to which part of the lineage creates are charged.
#include "tests/storage/split_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class SplitOwners : public SplitStories {};

TEST_P(SplitOwners, AreHalvedWhateverEndsMeanwhile) {
  const auto parent = batch_of_five(420);
  EXPECT_EQ(owners_of(parent).waiting, 5);
  must([&](Store& s) { return s.split(parent, SplitRule::halve_owners, now_); });  // Anna's, Bob's, some of c's
  cancel_one(d_);
  reopen();
  // Were the owners halved anew among those that are left, c's requests would go to both children.
  EXPECT_GT(split_with_restarts(parent, SplitRule::halve_owners), 1);
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna, kBob}, {c_, d_, e_}}));
  for (const auto& child : batches_in({sealed})) {
    EXPECT_EQ(child.part, child.id);
    EXPECT_EQ(child.creates, 1);
    EXPECT_EQ(child.root, parent);
  }
  EXPECT_EQ(batch_of(parent).state, done);
  expect_balance();
}

TEST_P(SplitOwners, OnlyThoseWhoWaitAreHalved) {
  const auto parent = batch_of_five(1);
  for (const auto owner : {kAnna, kBob, c_}) cancel_one(owner);
  const auto counted = owners_of(parent);
  EXPECT_EQ(counted.waiting, 2);
  EXPECT_EQ(counted.all, 5);
  EXPECT_TRUE(must([&](Store& s) { return s.split(parent, SplitRule::halve_owners, now_); }).finished);
  EXPECT_EQ(owners_of_children(), (Owners{{d_}, {e_}}));
}

TEST_P(SplitOwners, OfNamedLinesGoApart) {
  const auto parent = batch_of_five(420);
  EXPECT_EQ(name(parent, {1, 421, 422, 1261, 9999}), 3) << "Anna, Bob, d";
  EXPECT_EQ(owners_of(parent).named, 3);
  reopen();
  EXPECT_EQ(name(parent, {1, 421, 422, 1261, 9999}), 3) << "said again after a crash";
  EXPECT_GT(split_with_restarts(parent, SplitRule::named_owners), 1);
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna}, {kBob}, {d_}, {c_, e_}}));
  for (const auto& child : batches_in({sealed})) {
    EXPECT_EQ(child.part, child.id);
    EXPECT_EQ(owners_of(child.id).named, 0);
  }
  expect_balance();
}

TEST_P(SplitOwners, OfLinesThatAreOverAreNotNamed) {
  const auto parent = batch_of_five(1);
  cancel_one(kBob);
  EXPECT_EQ(name(parent, {2}), 0);
  EXPECT_EQ(name(parent, {2, 3}), 1);
  cancel_one(c_);
  EXPECT_EQ(owners_of(parent).named, 0);
  must([&](Store& s) { return s.split(parent, SplitRule::named_owners, now_); });
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna, d_, e_}}));
}

// A provider that names few lines at a time: the others are cut as well, or each bad owner would cost all of them a
// create.
TEST_P(SplitOwners, OthersAreCutInTwoWhenTheyAreRefusedAgain) {
  const auto parent = batch_of_five(1);
  name(parent, {1});
  must([&](Store& s) { return s.split(parent, SplitRule::named_owners, now_); });
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna}, {kBob, c_, d_, e_}}));
  const auto others = refuse(only_sealed({kBob, c_, d_, e_}));
  name(others, {4});
  must([&](Store& s) { return s.split(others, SplitRule::named_owners, now_); });
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna}, {e_}, {kBob}, {c_, d_}}));
  const auto two = refuse(only_sealed({c_, d_}));
  name(two, {1});
  must([&](Store& s) { return s.split(two, SplitRule::named_owners, now_); });
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna}, {e_}, {kBob}, {c_}, {d_}}));
}

TEST_P(SplitOwners, AFenceMakesNobodyForgetWhoTheOthersWere) {
  const auto parent = batch_of_five(1);
  name(parent, {1});
  must([&](Store& s) { return s.split(parent, SplitRule::named_owners, now_); });
  const auto others = only_sealed({kBob, c_, d_, e_});
  walk(others, {uploading, uploaded, creating, unclear, fencing, fenced});
  must([&](Store& s) { return s.split(others, SplitRule::whole, now_); });
  const auto again = refuse(only_sealed({kBob, c_, d_, e_}));
  name(again, {1});
  must([&](Store& s) { return s.split(again, SplitRule::named_owners, now_); });
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna}, {kBob}, {c_}, {d_, e_}}));
}

TEST_P(SplitOwners, NamesAreForgottenWithTheRefusal) {
  const auto parent = batch_of_five(1);
  name(parent, {1, 2});
  step(parent, uploaded);
  EXPECT_EQ(owners_of(parent).named, 0);
  walk(parent, {creating, refused});
  EXPECT_EQ(name(parent, {3}), 1);
  must([&](Store& s) { return s.split(parent, SplitRule::named_owners, now_); });
  EXPECT_EQ(owners_of_children(), (Owners{{c_}, {kAnna, kBob, d_, e_}}));
  EXPECT_EQ(attempt([&](Store& s) { return s.name_owners(parent, {}); }).error().code, Errc::stale);
}

TEST_P(SplitOwners, EachPayTheirOwnCreates) {
  accept_many(kAnna, 4);
  accept_many(kBob, 4);
  const auto parent = refused_batch({kAnna, kBob});
  must([&](Store& s) { return s.split(parent, SplitRule::halve_owners, now_); });
  const auto annas = refuse(only_sealed({kAnna}));
  const auto bobs = only_sealed({kBob});
  EXPECT_EQ(batch_of(annas).creates, 2);
  EXPECT_EQ(batch_of(bobs).creates, 1);
  must([&](Store& s) { return s.split(annas, SplitRule::halve, now_); });
  for (const auto& child : batches_in({sealed}))
    if (child.parent == annas) {
      EXPECT_EQ(child.part, annas);
      refuse(child.id);
    }
  reopen();
  EXPECT_EQ(batch_of(annas).creates, 4);
  EXPECT_EQ(batch_of(bobs).creates, 1);
  EXPECT_EQ(batch_of(parent).creates, 1);
  // A fence goes on in the same part.
  walk(bobs, {uploading, uploaded, creating, unclear, fencing, fenced});
  must([&](Store& s) { return s.split(bobs, SplitRule::whole, now_); });
  const auto child = only_sealed({kBob});
  EXPECT_EQ(batch_of(child).part, bobs);
  EXPECT_EQ(batch_of(child).creates, 2);
}

TEST_P(SplitOwners, WhoIsLeftAloneBeginsAPart) {
  accept_many(kAnna, 2);
  accept_many(kBob, 1);
  const auto parent = refused_batch({kAnna, kBob});
  cancel_one(kBob);
  must([&](Store& s) { return s.split(parent, SplitRule::whole, now_); });
  const auto alone = refuse(only_sealed({kAnna}));
  EXPECT_EQ(batch_of(alone).part, alone);
  EXPECT_EQ(batch_of(alone).creates, 2);
  EXPECT_EQ(batch_of(parent).creates, 1);
  must([&](Store& s) { return s.split(alone, SplitRule::whole, now_); });
  EXPECT_EQ(batch_of(only_sealed({kAnna})).part, alone);
}

TEST_P(SplitOwners, TogetherTheyStayInThePart) {
  const auto parent = batch_of_five(1);
  must([&](Store& s) { return s.split(parent, SplitRule::whole, now_); });
  EXPECT_EQ(batches_in({sealed}).at(0).part, parent);
}

// What is charged to the bisection is what was said of the requests.
TEST_P(SplitOwners, ACreateThatComesToNothingIsTakenOff) {
  for (const auto from : {creating, refused})
    for (const auto back : {uploaded, uploading}) {
      accept(kAnna);
      const auto id = sealed_batch({kAnna});
      walk(id, {uploading, uploaded, creating});
      if (from == refused) step(id, refused);
      EXPECT_EQ(batch_of(id).creates, 1);
      BatchPatch words;
      words.message = "its file is being looked at";
      const auto gone_back = step(id, back, words);
      EXPECT_EQ(gone_back.creates, 0);
      EXPECT_EQ(gone_back.message, words.message);
      reopen();
      EXPECT_EQ(batch_of(id).creates, 0);
      if (back == uploading) step(id, uploaded);
      EXPECT_EQ(step(id, creating).creates, 1);
    }
}

TEST_P(SplitOwners, WhatWasNeverCountedIsNotTakenOff) {
  accept_many(kAnna, 2);
  const auto parent = sealed_batch({kAnna});
  walk(parent, {uploading, uploaded, creating, refused});
  must([&](Store& s) { return s.split(parent, SplitRule::whole, now_); });
  const auto child = batches_in({sealed}).at(0).id;
  EXPECT_EQ(walk(child, {uploading, refused}).creates, 1) << "its upload was refused";
  reopen();
  EXPECT_EQ(walk(child, {uploaded, uploading, refused, uploading, uploaded}).creates, 1);
  EXPECT_EQ(step(child, creating).creates, 2);
  EXPECT_EQ(walk(child, {uploaded, creating, refused}).creates, 2);
}

RUN_FOR_EVERY_STORE(SplitOwners);

}  // namespace
}  // namespace batchd::storage::testing
