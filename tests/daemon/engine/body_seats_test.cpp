// Which large bodies may be in memory, which wait, and which lose their seat to another.
#include "daemon/engine/body_seats.h"

#include <optional>

#include "tests/daemon/engine/seats_fixture.h"

namespace batchd::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// One body: what became of its seat, and whether it was told to leave.
struct Body {
  Body(BodySeats& seats, core::OwnerId owner) : seat(seats, owner) {}
  BodySeats::Seat seat;
  std::optional<bool> got;
  bool wanted = false;
};

class BodySeatsTest : public SeatsTest {
 protected:
  void open(const BodySeatLimits& limits) { seats_.emplace(context_.get_executor(), limits); }
  void open(milliseconds wait, int seats = 3, int owner_seats = 2) {
    open({.seats = seats, .owner_seats = owner_seats, .wait = wait, .patience = hours(1)});
  }
  std::shared_ptr<Body> take(core::OwnerId owner) { return take(owner, until_the_end()); }
  std::shared_ptr<Body> take(core::OwnerId owner, asio::cancellation_slot slot) {
    auto body = std::make_shared<Body>(*seats_, owner);
    asio::co_spawn(context_, body->seat.take(),
                   asio::bind_cancellation_slot(
                       slot, [body](const std::exception_ptr& error, bool seated) { body->got = !error && seated; }));
    settle();
    return body;
  }
  // Leaves when it is wanted, as BodySpool does.
  void heed(const std::shared_ptr<Body>& body) {
    asio::co_spawn(context_, body->seat.eviction_requested(),
                   asio::bind_cancellation_slot(until_the_end(), [body](const std::exception_ptr&) {
                     body->wanted = true;
                     body->seat.leave();
                   }));
  }
  void leave(const std::shared_ptr<Body>& body) {
    body->seat.leave();
    settle();
  }

  std::optional<BodySeats> seats_;
};

TEST_F(BodySeatsTest, AnOwnerHasAShareOfThem) {
  open(hours(1), 4);
  const auto first = take(kAnn), second = take(kAnn);
  EXPECT_EQ(first->got, kSits);
  EXPECT_EQ(second->got, kSits);
  const auto third = take(kAnn);
  EXPECT_EQ(third->got, kWaits);
  const auto fourth = take(kBob);
  EXPECT_EQ(fourth->got, kSits) << "held up by another owner";
  const auto fifth = take(kBob);
  EXPECT_EQ(fifth->got, kWaits) << "the last is for somebody who has none";
  leave(fourth);
  EXPECT_EQ(third->got, kWaits) << "it has its share";
  EXPECT_EQ(fifth->got, kSits);
  leave(first);
  EXPECT_EQ(third->got, kSits);
  EXPECT_EQ(seats_->taken(), 3);
}

TEST_F(BodySeatsTest, EachOwnerLeavesAsManyAsItHas) {
  open(hours(1), 16, 8);
  std::vector<std::shared_ptr<Body>> bodies;
  const auto seated = [&](core::OwnerId owner) {
    int count = 0;
    for (int i = 0; i < 16; ++i) {
      bodies.push_back(take(owner));
      if (bodies.back()->got == kSits) ++count;
    }
    return count;
  };
  EXPECT_EQ(seated(kAnn), 8);
  EXPECT_EQ(seated(kBob), 4);
  EXPECT_EQ(seated(kCem), 2);
  EXPECT_EQ(seated(kDan), 1);
  EXPECT_EQ(seated(core::OwnerId{5}), 1);
  EXPECT_EQ(seated(core::OwnerId{6}), 0);
}

TEST_F(BodySeatsTest, WhoCameFirstSitsFirst) {
  open(hours(1));
  const auto ann = take(kAnn), ann_too = take(kAnn), bob = take(kBob);
  const auto first = take(kCem), second = take(kCem);
  leave(ann);
  EXPECT_EQ(first->got, kSits);
  EXPECT_EQ(second->got, kWaits);
  const auto late = take(kAnn);
  EXPECT_EQ(late->got, kWaits) << "all are taken again";
}

TEST_F(BodySeatsTest, WhoWaitsInVainIsSentAwayAndLeavesNothingBehind) {
  open(milliseconds(20));
  const auto first = take(kAnn), second = take(kAnn), third = take(kAnn);
  EXPECT_TRUE(becomes([&] { return third->got == kSentAway; }));
  leave(first);
  EXPECT_EQ(seats_->taken(), 1) << "somebody who has gone was seated";
  EXPECT_EQ(take(kAnn)->got, kSits);
}

TEST_F(BodySeatsTest, WhoIsCancelledIsNotSeated) {
  open(hours(1));
  const auto first = take(kAnn), second = take(kAnn);
  asio::cancellation_signal stop;
  const auto third = take(kAnn, stop.slot());
  stop.emit(asio::cancellation_type::terminal);
  settle();
  EXPECT_EQ(third->got, kSentAway);
  leave(first);
  leave(second);
  EXPECT_EQ(seats_->taken(), 0);
}

TEST_F(BodySeatsTest, ASlowBodyMakesRoomForAnOwnerWhoHasNone) {
  open({.seats = 3, .owner_seats = 3, .wait = hours(1), .patience = milliseconds(20), .rate = 1000});
  const auto slow = take(kAnn), quick = take(kAnn), bob = take(kBob);
  for (const auto& body : {slow, quick, bob}) {
    ASSERT_EQ(body->got, kSits);
    heed(body);
  }
  const auto next = take(kCem);
  EXPECT_EQ(next->got, kWaits);
  ASSERT_TRUE(becomes([&] {
    quick->seat.received(1000);
    bob->seat.received(1000);
    return next->got == kSits;
  }));
  EXPECT_TRUE(slow->wanted);
  EXPECT_FALSE(quick->wanted);
  EXPECT_FALSE(bob->wanted);
}

TEST_F(BodySeatsTest, NobodyHasToGoForTheCrowdOfAnOwner) {
  open({.seats = 3, .owner_seats = 3, .wait = milliseconds(200), .patience = milliseconds(20), .rate = 1000});
  const auto first = take(kAnn), second = take(kAnn), bob = take(kBob);
  for (const auto& body : {first, second, bob}) heed(body);
  const auto third = take(kAnn), another = take(kBob);
  EXPECT_TRUE(becomes([&] { return third->got == kSentAway && another->got == kSentAway; }));
  for (const auto& body : {first, second, bob}) EXPECT_FALSE(body->wanted);
}

}  // namespace
}  // namespace batchd::daemon
