// Callers that come back without an id: who gets which orphan.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

class Held : public StoreStories {
 protected:
  RequestId hold(OwnerId owner, const std::string& call) {
    auto held = request(owner, "{}");
    held.call = call;
    return must([&](Store& s) { return s.accept(held, now_); }).id;
  }
  std::optional<RequestId> adopt(OwnerId owner, const std::string& call) {
    return must([&](Store& s) { return s.adopt_orphan(owner, call); });
  }
  void leave(RequestId request) {
    must([&](Store& s) { return s.leave_orphan(request); });
  }
};

TEST_F(Held, ACallWhoseClientStillWaitsIsNobodyElses) {
  hold(kAnna, "call");
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_F(Held, AnOrphanGoesToTheSameCallOfTheSameOwnerOnce) {
  const auto id = hold(kAnna, "call");
  leave(id);
  EXPECT_FALSE(adopt(kBob, "call"));
  EXPECT_FALSE(adopt(kAnna, "another call"));
  EXPECT_EQ(adopt(kAnna, "call"), id);
  EXPECT_FALSE(adopt(kAnna, "call")) << "it has a caller again";
}

TEST_F(Held, TheOldestOrphanGoesFirst) {
  const auto first = hold(kAnna, "call");
  const auto second = hold(kAnna, "call");
  leave(second);
  leave(first);
  EXPECT_EQ(adopt(kAnna, "call"), first);
  EXPECT_EQ(adopt(kAnna, "call"), second);
}

TEST_F(Held, AnAnsweredCallIsOver) {
  const auto id = hold(kAnna, "call");
  must([&](Store& s) { return s.answer_held(id); });
  leave(id);
  EXPECT_FALSE(adopt(kAnna, "call"));
}

TEST_F(Held, AfterACrashEveryHeldCallIsAnOrphan) {
  const auto id = hold(kAnna, "call");
  const auto answered = hold(kAnna, "call");
  must([&](Store& s) { return s.answer_held(answered); });
  reopen();
  must([&](Store& s) { return s.recover(now_); });
  EXPECT_EQ(adopt(kAnna, "call"), id);
  EXPECT_FALSE(adopt(kAnna, "call"));
}

}  // namespace
}  // namespace batchd::storage::testing
