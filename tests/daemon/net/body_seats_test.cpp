// Who may have a large body in memory, and who waits.
#include "daemon/body_seats.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

namespace batchd::daemon {
namespace {

constexpr core::OwnerId kAnn{1}, kBob{2};

class BodySeatsTest : public testing::Test {
 protected:
  void open(std::chrono::milliseconds wait) {
    seats_.emplace(context_.get_executor(), BodySeatLimits{.seats = 3, .owner_seats = 2, .wait = wait});
  }
  // What became of it is where this points; none: it waits.
  std::shared_ptr<std::optional<bool>> take(core::OwnerId owner, asio::cancellation_slot slot = {}) {
    auto got = std::make_shared<std::optional<bool>>();
    asio::co_spawn(context_, seats_->take(owner),
                   asio::bind_cancellation_slot(
                       slot, [got](const std::exception_ptr& error, bool seated) { *got = !error && seated; }));
    settle();
    return got;
  }
  void settle() {
    context_.restart();
    while (context_.poll() > 0) continue;
  }
  void give_back(core::OwnerId owner) {
    seats_->give_back(owner);
    settle();
  }

  std::optional<BodySeats> seats_;  // outlives who waits
  asio::io_context context_{1};
};

constexpr std::optional<bool> kWaits, kSits = true, kSentAway = false;

TEST_F(BodySeatsTest, AnOwnerHasAShareOfThem) {
  open(std::chrono::hours(1));
  EXPECT_EQ(*take(kAnn), kSits);
  EXPECT_EQ(*take(kAnn), kSits);
  const auto third = take(kAnn);
  EXPECT_EQ(*third, kWaits);
  EXPECT_EQ(*take(kBob), kSits) << "held up by another owner";
  const auto fifth = take(kBob);
  EXPECT_EQ(*fifth, kWaits) << "all are taken";
  give_back(kBob);
  EXPECT_EQ(*third, kWaits) << "it has its share";
  EXPECT_EQ(*fifth, kSits);
  give_back(kAnn);
  EXPECT_EQ(*third, kSits);
  EXPECT_EQ(seats_->taken(), 3);
}

TEST_F(BodySeatsTest, WhoCameFirstSitsFirst) {
  open(std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) take(kAnn);
  take(kBob);
  const auto first = take(kBob), second = take(kBob);
  give_back(kAnn);
  EXPECT_EQ(*first, kSits);
  EXPECT_EQ(*second, kWaits);
  EXPECT_EQ(*take(kAnn), kWaits) << "all are taken again";
}

TEST_F(BodySeatsTest, WhoWaitsInVainIsSentAwayAndLeavesNothingBehind) {
  open(std::chrono::milliseconds(20));
  for (int i = 0; i < 2; ++i) take(kAnn);
  const auto third = take(kAnn);
  context_.restart();
  context_.run_for(std::chrono::seconds(20));
  EXPECT_EQ(*third, kSentAway);
  give_back(kAnn);
  EXPECT_EQ(seats_->taken(), 1) << "somebody who has gone was seated";
  EXPECT_EQ(*take(kAnn), kSits);
}

TEST_F(BodySeatsTest, WhoIsCancelledIsNotSeated) {
  open(std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) take(kAnn);
  asio::cancellation_signal stop;
  const auto third = take(kAnn, stop.slot());
  stop.emit(asio::cancellation_type::terminal);
  settle();
  EXPECT_EQ(*third, kSentAway);
  give_back(kAnn);
  give_back(kAnn);
  EXPECT_EQ(seats_->taken(), 0);
}

}  // namespace
}  // namespace batchd::daemon
