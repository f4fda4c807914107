// Which readers may have a chunk of a result in memory, which wait, and which lose their seat.
#include "daemon/engine/chunk_seats.h"

#include <memory>
#include <optional>
#include <vector>

#include "tests/daemon/engine/seats_fixture.h"

namespace batchd::daemon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Reader {
  Reader(ChunkSeats& seats, core::OwnerId owner) : seat(seats, owner) {}
  ChunkSeats::Seat seat;
  std::optional<bool> got;  // none: it waits
};

class ChunkSeatsTest : public SeatsTest {
 protected:
  void open(int seats, milliseconds patience) {
    seats_.emplace(context_.get_executor(), ChunkSeatLimits{.seats = seats, .patience = patience});
  }
  void sit(const std::shared_ptr<Reader>& reader) { sit(reader, until_the_end()); }
  void sit(const std::shared_ptr<Reader>& reader, asio::cancellation_slot slot) {
    reader->got.reset();
    asio::co_spawn(context_, reader->seat.sit(),
                   asio::bind_cancellation_slot(slot, [reader](const std::exception_ptr& error, bool seated) {
                     reader->got = !error && seated;
                   }));
    settle();
  }
  std::shared_ptr<Reader> reader(core::OwnerId owner) {
    auto made = std::make_shared<Reader>(*seats_, owner);
    sit(made);
    return made;
  }
  void rest(const std::shared_ptr<Reader>& reader) {
    reader->seat.chunk = "bytes";
    reader->seat.rest();
    settle();
  }

  std::optional<ChunkSeats> seats_;
};

TEST_F(ChunkSeatsTest, WhoLeavesMakesRoom) {
  open(2, hours(1));
  const auto first = reader(kAnn), second = reader(kAnn), third = reader(kAnn);
  EXPECT_EQ(second->got, kSits);
  EXPECT_EQ(third->got, kWaits);
  first->seat.leave();
  settle();
  EXPECT_EQ(third->got, kSits);
  EXPECT_EQ(seats_->taken(), 2);
}

TEST_F(ChunkSeatsTest, WhoRestsForTooLongLosesItsChunkToOneWhoWaits) {
  open(2, milliseconds(20));
  const auto first = reader(kAnn), second = reader(kAnn);
  rest(first);
  const auto third = reader(kAnn);
  ASSERT_TRUE(becomes([&] { return third->got == kSits; }));
  EXPECT_FALSE(first->seat.seated());
  EXPECT_EQ(first->seat.chunk, "");
  EXPECT_TRUE(second->seat.seated()) << "it reads from the store: nothing of it may be taken away";
  sit(first);
  EXPECT_EQ(first->got, kWaits);
  third->seat.leave();
  settle();
  EXPECT_EQ(first->got, kSits) << "it comes back like any other";
}

TEST_F(ChunkSeatsTest, NobodyLosesAnythingWhileNobodyWaits) {
  open(2, milliseconds(0));
  const auto first = reader(kAnn), second = reader(kBob);
  rest(first);
  rest(second);
  EXPECT_TRUE(first->seat.seated());
  EXPECT_EQ(second->seat.chunk, "bytes");
}

TEST_F(ChunkSeatsTest, AnotherOwnerNeedNotBePatientWithACrowd) {
  open(4, hours(1));
  std::vector<std::shared_ptr<Reader>> crowd;
  for (int i = 0; i < 6; ++i) crowd.push_back(reader(kAnn));
  for (int i = 0; i < 4; ++i) rest(crowd[static_cast<std::size_t>(i)]);
  EXPECT_EQ(crowd[4]->got, kWaits) << "patience with one's own";
  const auto bob = reader(kBob);
  EXPECT_EQ(bob->got, kSits);
  EXPECT_FALSE(crowd[0]->seat.seated()) << "the one that has rested for longest";
  const auto bob_too = reader(kBob);
  EXPECT_EQ(bob_too->got, kSits);
  const auto bob_again = reader(kBob);
  EXPECT_EQ(bob_again->got, kWaits) << "they have two each";
  EXPECT_EQ(crowd[4]->got, kWaits);
  const auto cem = reader(kCem);
  EXPECT_EQ(cem->got, kSits);
}

TEST_F(ChunkSeatsTest, TheOwnerWithTheFewestIsNext) {
  open(2, hours(1));
  const auto ann = reader(kAnn), ann_too = reader(kAnn), ann_again = reader(kAnn), bob = reader(kBob);
  EXPECT_EQ(bob->got, kWaits) << "nobody rests";
  ann->seat.leave();
  settle();
  EXPECT_EQ(bob->got, kSits);
  EXPECT_EQ(ann_again->got, kWaits);
}

TEST_F(ChunkSeatsTest, WhoIsCancelledLeavesNothingBehind) {
  open(1, hours(1));
  const auto first = reader(kAnn);
  asio::cancellation_signal stop;
  const auto second = std::make_shared<Reader>(*seats_, kAnn);
  sit(second, stop.slot());
  stop.emit(asio::cancellation_type::terminal);
  settle();
  EXPECT_EQ(second->got, kSentAway);
  first->seat.leave();
  EXPECT_EQ(seats_->taken(), 0);
}

}  // namespace
}  // namespace batchd::daemon
