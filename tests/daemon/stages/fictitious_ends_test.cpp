// How jobs and their lines end, the same stories with each provider (fictitious_test.cpp).
#include <algorithm>
#include <utility>

#include "tests/daemon/stages/stories.h"
#include "tests/fictitious/fake_depot.h"

namespace batchd::daemon::testing {
namespace {

using fictitious::Ask;
using fictitious::Fate;

class Ends : public Story {};
class OtherEnds : public Story {};  // of providers other than Gemini

TEST_P(Ends, RefusedLinesFailAndTheOthersGoAgain) {
  fake->refused = "poison";
  auto ids = accept_many(2, kAnna);
  const auto annas = accept(R"({"poison":1})", kAnna);
  const auto bobs = accept(R"({"poison":2})", kBob);
  ids.push_back(accept(R"({"fine":1})", kAnna));
  finish();
  expect_delivered(ids);
  for (const auto& [id, owner] : {std::pair(annas, kAnna), std::pair(bobs, kBob)}) {
    const auto view = request(id, owner);
    EXPECT_EQ(view.state, RequestState::failed);
    ASSERT_TRUE(view.error);
    EXPECT_EQ(to_text(view.error->kind), to_text(ErrorClass::invalid));
    EXPECT_EQ(view.error->source, ErrorSource::provider);
    EXPECT_EQ(fake->paid.count(id), 0U);
  }
  expect_books();
  EXPECT_EQ(fake->asked(Ask::create), 4U);  // both owners' together, each one's apart, and what is left of Anna's
}

TEST_P(Ends, AJobThatFailsByTheProvidersFaultGoesAgain) {
  const auto ids = accept_many(3);
  until_a_job_is_open();
  fake->fail(fake->open_jobs().at(0), FailedFor::trouble);
  finish();
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(request(ids[0]).attempts, 1);
}

// The provider doesn't say which request is at fault: the batch is cut until it is alone.
TEST_P(Ends, AJobThatIsRefusedAsAWholeIsCut) {
  auto ids = accept_many(3);
  const auto poison = accept(R"({"poison":1})");
  for (int i = 0; i < 40 && unfinished() > 0; ++i) {
    for (const auto& job : fake->open_jobs()) {
      const auto members = requests_of(job);
      if (std::ranges::find(members, poison) != members.end())
        fake->fail(job, FailedFor::refused);
      else
        fake->end(job, {});
    }
    pass(10min);
  }
  expect_delivered(ids);
  EXPECT_EQ(request(poison).state, RequestState::failed);
  EXPECT_EQ(fake->paid.count(poison), 0U);
  expect_books();
}

TEST_P(Ends, LinesEndEachInItsOwnWay) {
  const auto ids = accept_many(5);
  until_a_job_is_open();
  fake->end_all({.fates = {Fate::good, Fate::bad, Fate::trouble, Fate::lost, Fate::good}});
  finish();
  expect_delivered({ids[0], ids[2], ids[4]});
  const auto bad = request(ids[1]);
  EXPECT_EQ(bad.state, RequestState::failed);
  ASSERT_TRUE(bad.error);
  EXPECT_EQ(to_text(bad.error->kind), to_text(ErrorClass::invalid));
  EXPECT_EQ(fake->paid.count(ids[1]), 0U);
  // A run without a line can't be told from no run: it goes again, and is booked.
  EXPECT_EQ(request(ids[3]).state, RequestState::succeeded);
  EXPECT_EQ(fake->paid.at(ids[3]), 2);
  EXPECT_EQ(possibly_charged(), 1);
  EXPECT_TRUE(balanced());
}

TEST_P(Ends, ResultsThatAreCutAreReadAgain) {
  for (const std::size_t bytes : {0U, 1U, 40U, 90U, 120U}) {
    SCOPED_TRACE(bytes);
    start_over();
    const auto ids = accept_many(4);
    until_a_job_is_open();
    fake->end_all({.fates = {Fate::good, Fate::good, Fate::trouble, Fate::good}});
    fake->fragment = 7;
    fake->react(Ask::results, fictitious::cut_after(bytes));
    fake->react(Ask::results, fictitious::cut_after(bytes + 10));
    finish();
    expect_delivered(ids);
    expect_books();
  }
}

TEST_P(Ends, WhatAnExpiredJobHasDoneIsTakenAndTheRestGoesAgain) {
  const auto ids = accept_many(4);
  until_a_job_is_open();
  fake->end_all({.end = JobEnd::expired, .fates = {Fate::good, Fate::left, Fate::good, Fate::left}});
  finish();
  expect_delivered(ids);
  expect_books();
  EXPECT_EQ(request(ids[0]).attempts, 0);
  EXPECT_EQ(request(ids[1]).attempts, 1);
}

// Whether the results say of each request that it wasn't run, or just leave it out.
TEST_P(Ends, AfterItsLastAttemptARequestIsToldThatTheTimeWasOver) {
  const auto ids = accept_many(2);
  finish({.end = JobEnd::expired, .others = Fate::left});
  for (const auto id : ids) {
    EXPECT_TRUE(is_terminal(request(id).state));
    ASSERT_TRUE(request(id).error);
    EXPECT_EQ(to_text(request(id).error->kind), to_text(ErrorClass::expired));
  }
  EXPECT_EQ(fake->asked(Ask::create), static_cast<std::size_t>(config.retry.max_attempts));
  EXPECT_TRUE(fake->paid.empty());
  expect_books();
}

TEST_P(Ends, ACancelledRequestsLineIsDropped) {
  const auto ids = accept_many(3);
  until_a_job_is_open();
  cancel(ids[1]);
  finish();
  expect_delivered({ids[0], ids[2]});
  EXPECT_EQ(request(ids[1]).state, RequestState::cancelled);
  EXPECT_EQ(fake->asked(Ask::cancel), 0U);
  EXPECT_TRUE(balanced());
}

TEST_P(Ends, AJobThatNobodyWaitsForIsStopped) {
  const auto ids = accept_many(3);
  until_a_job_is_open();
  cancel(ids);
  pass(1h);
  EXPECT_TRUE(fake->open_jobs().empty());
  EXPECT_EQ(states(ids), std::vector(3, RequestState::cancelled));
  EXPECT_EQ(only_batch().state, BatchState::done);
  EXPECT_TRUE(fake->paid.empty());
  EXPECT_TRUE(balanced());
}

TEST_P(OtherEnds, AJobHasAtMostAsManyRequestsAsTheProviderTakes) {
  const auto most = vendor.make()->caps().items_max;
  config.packing.limits.items = 1000;
  const auto ids = accept_many(static_cast<int>(most) + 3);
  finish();
  expect_delivered(ids);
  expect_books();
  ASSERT_EQ(fake->all_jobs().size(), 2U);
  EXPECT_EQ(std::ssize(fake->keys_of(fake->all_jobs()[0])), most);
}

TEST_P(OtherEnds, WhatEndedBeforeItRanGoesAgain) {
  for (const auto why : {FailedFor::too_much, FailedFor::no_input}) {
    if (why == FailedFor::no_input && vendor.make()->caps().input == Caps::Input::body) continue;
    SCOPED_TRACE(static_cast<int>(why));
    start_over();
    const auto ids = accept_many(4);
    until_a_job_is_open();
    fake->fail(fake->open_jobs().at(0), why);
    finish();
    expect_delivered(ids);
    expect_books();
    EXPECT_EQ(request(ids[0]).attempts, why == FailedFor::too_much ? 0 : 1);
  }
}

TEST_P(OtherEnds, WithoutItsModelEveryRequestFails) {
  const auto ids = accept_many(3);
  until_a_job_is_open();
  fake->fail(fake->open_jobs().at(0), FailedFor::model);
  finish();
  for (const auto id : ids) {
    EXPECT_EQ(to_text(request(id).state), to_text(RequestState::failed));
    ASSERT_TRUE(request(id).error);
    EXPECT_EQ(to_text(request(id).error->kind), to_text(ErrorClass::not_found));
  }
  EXPECT_EQ(fake->asked(Ask::create), 1U);
  expect_books();
}

TEST_P(Ends, WhatIsUploadedIsDeletedWhenItIsOver) {
  const auto ids = accept_many(3);
  finish();
  expect_delivered(ids);
  pass(10min);
  const auto* depot = dynamic_cast<const fictitious::FakeDepot*>(fake.get());
  EXPECT_TRUE(depot == nullptr || depot->crates().empty());
  EXPECT_EQ(fake->asked(Ask::file) > 0, vendor.make()->caps().input == Caps::Input::file);
  EXPECT_EQ(only_batch().file_deleted, vendor.make()->caps().input == Caps::Input::file);
}

INSTANTIATE_TEST_SUITE_P(All, Ends, ::testing::ValuesIn(all_vendors()), vendor_name);
INSTANTIATE_TEST_SUITE_P(Fictitious, OtherEnds, ::testing::Values(&depot_vendor(), &courier_vendor()), vendor_name);

}  // namespace
}  // namespace batchd::daemon::testing
