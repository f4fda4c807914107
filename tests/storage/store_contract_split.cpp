// Members of refused and fenced batches move on into children, also over a restart in the middle.
#include "tests/storage/split_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;

class Split : public SplitStories {};

TEST_P(Split, HalvesAreTheSameAfterRestarts) {
  const auto ids = accept_many(kAnna, 2501);
  const auto parent = refused_batch({kAnna});
  EXPECT_GT(split_with_restarts(parent, SplitRule::halve), 1);
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(parent); }).state, done);
  const auto children = batches_in({sealed});
  ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(children[0].items, 1251);
  EXPECT_EQ(children[1].items, 1250);
  EXPECT_EQ(view(kAnna, ids[1250]).batch, children[0].id);
  EXPECT_EQ(view(kAnna, ids[1251]).batch, children[1].id);
  std::int64_t bytes = 0;
  for (const auto& child : children) {
    EXPECT_EQ(child.parent, parent);
    EXPECT_EQ(child.root, parent);
    EXPECT_EQ(child.reason, SealReason::lineage);
    EXPECT_EQ(child.fences, 0);
    EXPECT_EQ(child.part, parent);
    EXPECT_EQ(child.creates, 1);  // counted on the part
    bytes += child.body_bytes;
  }
  EXPECT_EQ(bytes, must([&](Store& s) { return s.get_batch(parent); }).body_bytes);
  EXPECT_EQ(view(kAnna, ids[0]).attempts, 0);
  expect_balance();
}

TEST_P(Split, TheFirstRuleHolds) {
  accept_many(kAnna, 1500);
  accept_many(kBob, 100);
  const auto parent = refused_batch({kAnna, kBob});
  must([&](Store& s) { return s.split(parent, SplitRule::halve_owners, now_); });
  while (!must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); }).finished) {
  }
  EXPECT_EQ(owners_of_children(), (Owners{{kAnna}, {kBob}}));
}

TEST_P(Split, AFencedBatchMovesAsAWhole) {
  accept_many(kAnna, 3);
  const auto parent = sealed_batch({kAnna});
  walk(parent, {uploading, uploaded, creating, unclear, fencing, fenced});
  EXPECT_TRUE(must([&](Store& s) { return s.split(parent, SplitRule::whole, now_); }).finished);
  const auto children = batches_in({sealed});
  ASSERT_EQ(children.size(), 1U);
  EXPECT_EQ(children[0].items, 3);
  EXPECT_EQ(children[0].fences, 1);
  walk(children[0].id, {uploading, uploaded, creating});
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(parent); }).creates, 2);
  walk(children[0].id, {unclear, fencing, fenced});
  must([&](Store& s) { return s.split(children[0].id, SplitRule::whole, now_); });
  const auto grandchild = batches_in({sealed}).at(0);
  EXPECT_EQ(grandchild.fences, 2);
  EXPECT_EQ(grandchild.root, parent);
}

TEST_P(Split, OneThatHasBegunGoesOnWhateverIsKnownByThen) {
  accept_many(kAnna, 1001);
  const auto parent = sealed_batch({kAnna});
  BatchPatch patch;
  patch.refusal = RefusedFor::poison;
  walk(parent, {uploading, uploaded, creating});
  step(parent, refused, patch);
  must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); });
  reopen();
  const auto owners = owners_of(parent);
  for (const bool late : {false, true})
    for (const int creates : {0, kCreatesPerPartMax}) {
      const Evidence evidence{.refusal = batch_of(parent).refusal,
                              .items = 1001,
                              .owners = owners.waiting,
                              .named_owners = owners.named,
                              .creates = creates,
                              .late = late};
      EXPECT_EQ(next_step(evidence), NextStep::again);
    }
  EXPECT_TRUE(must([&](Store& s) { return s.split(parent, SplitRule::whole, now_); }).finished);
  EXPECT_EQ(batches_in({sealed}).size(), 2U) << "as it began";
}

TEST_P(Split, ChildrenKnowSinceWhenTheyAreRefused) {
  accept_many(kAnna, 2);
  const auto parent = refused_batch({kAnna});
  BatchPatch patch;
  patch.unexplained_since = now_;
  step(parent, refused, patch);
  tick();
  must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); });
  for (const auto& child : batches_in({sealed})) {
    EXPECT_EQ(child.unexplained_since, kStart);
    EXPECT_GT(child.created_at, kStart);
  }
}

TEST_P(Split, MembersThatEndedStayBehind) {
  const auto ids = accept_many(kAnna, 5);
  const auto parent = refused_batch({kAnna});
  const std::vector<LineRefusal> lines{{1, said(ErrorClass::invalid)}};
  must([&](Store& s) { return s.fail_lines(parent, lines, now_); });
  must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); });
  const auto children = batches_in({sealed});
  ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(children[0].items, 2);
  EXPECT_EQ(children[1].items, 2);
  EXPECT_EQ(view(kAnna, ids[0]).batch, parent);
}

TEST_P(Split, NothingLeftMeansDone) {
  accept(kAnna);
  const auto parent = refused_batch({kAnna});
  must([&](Store& s) { return s.fail_members(parent, said(ErrorClass::invalid), now_); });
  EXPECT_TRUE(must([&](Store& s) { return s.split(parent, SplitRule::halve, now_); }).finished);
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(parent); }).state, done);
  EXPECT_TRUE(batches_in({sealed, sealing}).empty());
  EXPECT_EQ(attempt([&](Store& s) { return s.split(parent, SplitRule::halve, now_); }).error().code, Errc::stale);
}

RUN_FOR_EVERY_STORE(Split);

}  // namespace
}  // namespace batchd::storage::testing
