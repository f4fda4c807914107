// The process is killed and comes back, at any moment of a story: before and after each verb of the store, and each
// call.
#include "tests/daemon/stages/stories.h"

namespace batchd::daemon::testing {
namespace {

using fictitious::Ask;

class Kill : public Story {};

TEST_P(Kill, AtAnyMomentChangesNothing) {
  const int moments = at_each_moment(3, [] {});
  EXPECT_GE(moments, 80);
}

TEST_P(Kill, AtAnyMomentAfterALostAnswerChangesNothing) {
  const int moments = at_each_moment(3, [this] { fake->react(Ask::create, fictitious::done_but_unanswered()); });
  EXPECT_GE(moments, 80);
}

TEST_P(Kill, AtAnyMomentAfterALostCreateChangesNothing) {
  const int moments = at_each_moment(8, [this] { fake->react(Ask::create, fictitious::no_answer()); });
  EXPECT_GE(moments, 80);
}

TEST_P(Kill, AtAnyMomentOfARefusalChangesNothing) {
  const int moments = at_each_moment(8, [this] { fake->refused = "\"n\":1}"; });
  EXPECT_GE(moments, 80);
}

INSTANTIATE_TEST_SUITE_P(All, Kill, ::testing::ValuesIn(all_vendors()), vendor_name);

}  // namespace
}  // namespace batchd::daemon::testing
