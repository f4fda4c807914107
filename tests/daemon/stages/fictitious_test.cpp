// The same stories with three kinds of providers: Gemini; depot, which names files itself, has several results and
// refuses lines at the end; and courier, which takes requests in the create call and knows neither tags nor a fence.
// Nothing is lost, and the provider's ledger shows nothing paid twice, unless that can't be known; then it is booked.
#include "tests/daemon/stages/stories.h"
#include "tests/fictitious/fake_shop.h"

namespace batchd::daemon::testing {
namespace {

using fictitious::Ask;

class Tagless : public Story {};  // of providers whose jobs carry no tags
class Paged : public Story {};    // of those whose fake shows two jobs on a page

TEST_P(Story, EachRequestIsRunOnceAndDelivered) {
  const auto ids = accept_many(4);
  finish();
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 1U);
  EXPECT_EQ(fake->asked(Ask::find), 0U);
}

TEST_P(Story, TwoOwnersShareAJobAndNothingElse) {
  const auto annas = accept_many(3, kAnna);
  const auto bobs = accept_many(2, kBob);
  finish();
  EXPECT_EQ(fake->all_jobs().size(), 1U);
  expect_delivered(annas, kAnna);
  expect_delivered(bobs, kBob);
  expect_books();
  const auto seen = ask([&](Store& store) -> Result<bool> { return store.find_request(kBob, annas[0]).has_value(); });
  EXPECT_FALSE(seen);
}

// --- answers to the create call

TEST_P(Story, AJobWhoseCreateWasNotAnsweredIsAdopted) {
  fake->react(Ask::create, fictitious::done_but_unanswered());
  const auto ids = accept_many(3);
  finish();
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 1U);
  EXPECT_EQ(decisions, blind() ? 1 : 0);  // without tags an operator knows the job by its results only
}

TEST_P(Story, AfterACreateThatDidNothingTheRequestsGoAgain) {
  fake->react(Ask::create, fictitious::no_answer());
  const auto ids = accept_many(3);
  finish();
  expect_delivered(ids);
  expect_books(blind() ? 3 : 0);
  EXPECT_EQ(fake->asked(Ask::create), 2U);
  EXPECT_EQ(decisions, blind() ? 1 : 0);
}

TEST_P(Story, OfACreateThatWasDoneTwiceOneJobRuns) {
  fake->react(Ask::create, fictitious::done_twice_but_unanswered());
  const auto ids = accept_many(3);
  finish();
  ASSERT_EQ(fake->all_jobs().size(), 2U);
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 1U);
}

// The create takes effect when batchd has given it up. With a fence nothing can come of it; without one the batch waits
// for an operator all the time.
TEST_P(Story, ALateCreateRunsNothing) {
  std::function<HttpEvent()> later;
  fake->react(Ask::create, [&](const std::function<HttpEvent()>& properly) {
    later = properly;
    return fictitious::unanswered(HttpEvent::Kind::no_answer);
  });
  const auto ids = accept_many(3);
  pass(1h);
  ASSERT_TRUE(later);
  EXPECT_EQ(batches(BatchState::held).size(), blind() ? 1U : 0U);
  later();
  job_came_late = blind();
  finish();
  expect_delivered(ids);
  expect_books();
}

TEST_P(Story, ACallThatDidNotArriveWholeIsMadeAgain) {
  fake->react(Ask::create, fictitious::not_whole());
  fake->react(Ask::create, fictitious::not_sent());
  fake->react(Ask::create, fictitious::early(502));
  const auto ids = accept_many(3);
  finish();
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 4U);
  EXPECT_EQ(fake->asked(Ask::find), 0U) << "nothing was unclear";
  EXPECT_EQ(batches().size(), 1U);
}

TEST_P(Story, A429IsNoJobIfAListingShowsNone) {
  fake->react(Ask::create, [this](const std::function<HttpEvent()>&) { return fake->too_many(); });
  const auto ids = accept_many(3);
  finish();
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 1 + fake->all_jobs().size());
  EXPECT_GE(fake->asked(Ask::find), 1U);
  EXPECT_EQ(decisions, 0);
}

TEST_P(Story, AJobOfAnotherBatchIsNoCandidate) {
  const auto first = accept_many(3);
  until_a_job_is_open();
  fake->react(Ask::create, [this](const std::function<HttpEvent()>&) { return fake->too_many(); });
  const auto second = accept_many(3);
  finish();
  expect_delivered(first);
  expect_delivered(second);
  expect_books();
  EXPECT_EQ(decisions, 0);
}

TEST_P(Paged, AJobOnALaterPageIsSeen) {
  auto& shop = dynamic_cast<fictitious::FakeShop&>(*fake);
  std::vector<std::string> foreign;
  fake->react(Ask::create, [&](const std::function<HttpEvent()>& properly) {
    properly();
    for (int i = 0; i < 3; ++i) foreign.push_back(shop.add_foreign_job(7));
    return fictitious::unanswered(HttpEvent::Kind::no_answer);
  });
  const auto ids = accept_many(3);
  finish();
  expect_delivered(ids);
  for (const auto& job : foreign) fake->stop(job);
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 1U);
}

TEST_P(Tagless, AForeignJobOfTheSameSizeMayBeOurs) {
  auto& shop = dynamic_cast<fictitious::FakeShop&>(*fake);
  const auto elder = shop.add_foreign_job(3);
  advance_clock(3h);  // it was made long before the create
  const auto other_size = shop.add_foreign_job(4);
  const auto same_size = shop.add_foreign_job(3);
  fake->react(Ask::create, [this](const std::function<HttpEvent()>&) { return fake->too_many(); });
  accept_many(3);
  pass(1h);
  const auto held = only_batch();
  EXPECT_EQ(to_text(held.state), to_text(BatchState::held));
  EXPECT_NE(held.message.find(same_size), std::string::npos) << held.message;
  EXPECT_EQ(held.message.find(other_size), std::string::npos) << held.message;
  EXPECT_EQ(held.message.find(elder), std::string::npos) << held.message;
  EXPECT_EQ(fake->asked(Ask::create), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, Story, ::testing::ValuesIn(all_vendors()), vendor_name);
INSTANTIATE_TEST_SUITE_P(Fictitious, Paged, ::testing::Values(&depot_vendor(), &courier_vendor()), vendor_name);
INSTANTIATE_TEST_SUITE_P(Fictitious, Tagless, ::testing::Values(&courier_vendor()), vendor_name);

}  // namespace
}  // namespace batchd::daemon::testing
