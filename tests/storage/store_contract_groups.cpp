// Lines of bulk submissions: accepted once, whatever is sent again; and cancelling a whole group.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using Kind = LineAccepted::Kind;

class Bulk : public ContractStories {
 protected:
  GroupLine line(std::int64_t number, const std::string& body = "{}") const {
    GroupLine made;
    made.number = number;
    made.digest = std::string("\0sha", 4) + body;
    made.request = request(OwnerId{}, body);
    made.request.key = "key" + std::to_string(number);
    made.request.channel = "night";
    return made;
  }
  std::vector<GroupLine> lines(std::int64_t from, std::int64_t to) const {
    std::vector<GroupLine> made;
    for (auto number = from; number <= to; ++number) made.push_back(line(number));
    return made;
  }
  auto offer(OwnerId owner, const std::vector<GroupLine>& lines, const std::string& group = "g") {
    return attempt([&](Store& s) { return s.accept_lines(owner, group, lines, now_); });
  }
  std::vector<LineAccepted> send(OwnerId owner, const std::vector<GroupLine>& lines) {
    return offer(owner, lines).value();
  }
  static std::vector<Kind> kinds(const std::vector<LineAccepted>& answers) {
    std::vector<Kind> kinds;
    for (const auto& answer : answers) kinds.push_back(answer.kind);
    return kinds;
  }
};

TEST_P(Bulk, ALineIsAcceptedOnce) {
  const auto first = send(kAnna, {line(1), line(2), line(4)});
  EXPECT_EQ(kinds(first), (std::vector{Kind::accepted, Kind::accepted, Kind::accepted}));
  reopen();
  tick();
  const auto again = send(kAnna, {line(1), line(2, "[]"), line(3), line(4)});
  EXPECT_EQ(kinds(again), (std::vector{Kind::known, Kind::differs, Kind::accepted, Kind::known}));
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_EQ(again[1].id, first[1].id);
  EXPECT_EQ(again[3].id, first[2].id);
  EXPECT_EQ(counts().accepted, 4);
  expect_balance();
  const auto seen = view(kAnna, first[2].id);
  EXPECT_EQ(seen.group, "g");
  EXPECT_EQ(seen.channel, "night");
  EXPECT_EQ(seen.key, "key4");

  EXPECT_EQ(send(kBob, {line(1)})[0].kind, Kind::accepted);  // groups are their owner's
  EXPECT_EQ(offer(kAnna, {line(1)}, "other").value()[0].kind, Kind::accepted);
  EXPECT_TRUE(send(kAnna, {}).empty());
}

TEST_P(Bulk, ALineOutlivesItsRequest) {
  const auto id = send(kAnna, {line(1)})[0].id;
  const auto batch = collecting_batch({kAnna});
  const std::vector outcomes{success(id)};
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  step(batch, BatchState::done);
  tick();
  while (must([&](Store& s) { return s.purge({now_, now_, kStart}, now_); }).more) {
  }
  reopen();
  const auto again = send(kAnna, {line(1), line(2)});
  EXPECT_EQ(kinds(again), (std::vector{Kind::known, Kind::accepted}));
  EXPECT_FALSE(again[0].id);
  EXPECT_EQ(counts().accepted, 2);
}

TEST_P(Bulk, AFullQueueTakesNoneOfThem) {
  send(kAnna, lines(1, 2));
  must([](Store& s) { return s.limit_queue({.owner_requests = 3}); });
  const auto refused = offer(kAnna, lines(1, 4));
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, Errc::queue_full);
  EXPECT_NE(refused.error().detail.find("your share"), std::string::npos);
  EXPECT_EQ(counts().accepted, 2);
  EXPECT_EQ(send(kAnna, lines(1, 3))[2].kind, Kind::accepted);  // one still fits
  must([](Store& s) { return s.limit_queue({.requests = 0, .free_bytes_min = INT64_MAX}); });
  EXPECT_EQ(kinds(send(kAnna, lines(1, 2))), (std::vector{Kind::known, Kind::known}));
}

TEST_P(Bulk, LargeLinesAdoptTheirSpooledBodies) {
  const std::string body(kChunkBytesMax, 'x');
  const auto spooled = [&] {
    const auto begun = must([](Store& s) { return s.spool_begin(SpoolPurpose::request, kAnna); });
    must([&](Store& s) { return s.spool_append(begun, body); });
    return begun;
  };
  auto large = line(2);
  large.request.spooled = spooled();
  // Counted while it was spooled: adopting it needs no more room.
  must([](Store& s) { return s.limit_queue({.bytes = static_cast<std::int64_t>(kChunkBytesMax) + 2}); });
  send(kAnna, {line(1), large});
  must([](Store& s) { return s.limit_queue({}); });
  large.request.spooled = spooled();
  EXPECT_EQ(send(kAnna, {large})[0].kind, Kind::known);
  must([&](Store& s) { return s.spool_discard(large.request.spooled); });  // it stayed ours
  EXPECT_EQ(jsonl(sealed_batch({kAnna})), "{}\n" + body + "\n");

  auto lost = line(4);
  lost.request.spooled = large.request.spooled;
  EXPECT_EQ(offer(kAnna, {line(3), lost}).error().code, Errc::not_found);
  EXPECT_EQ(counts().accepted, 2);
}

TEST_P(Bulk, CancellingGoesOnOverRestarts) {
  std::vector<RequestId> ids;
  for (const auto from : {1, 501, 1001})
    for (const auto& answer : send(kAnna, lines(from, from + 499))) ids.push_back(answer.id);
  const auto others = accept(kAnna);
  const auto bobs = send(kBob, {line(1)})[0].id;

  const auto batch = open_batch();
  while (claim(batch, kAnna, {1200, 1 << 30, 1 << 30}).items == 0) {
  }
  must([&](Store& s) { return s.seal(batch, now_); });
  const auto packed = must([&](Store& s) { return s.get_batch(batch); }).items;
  ASSERT_GT(packed, 0);
  must([&](Store& s) { return s.cancel(kAnna, ids[3], now_); });
  walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::submitted});

  Recorded ended;
  std::int64_t over = 0;
  std::vector<BatchId> deserted;
  RequestId after;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    const auto step = must([&](Store& s) { return s.cancel_group(kAnna, "g", after, now_); });
    ended.finished.insert(ended.finished.end(), step.recorded.finished.begin(), step.recorded.finished.end());
    EXPECT_EQ(step.recorded.owners.size(), step.recorded.finished.size());
    over += step.over;
    deserted.insert(deserted.end(), step.deserted.begin(), step.deserted.end());
    more = step.next.has_value();
    after = step.next.value_or(RequestId{});
    reopen();
  }
  EXPECT_GT(calls, 1);
  EXPECT_EQ(ended.finished.size(), 1499U);
  EXPECT_EQ(over, 1);
  EXPECT_EQ(deserted, std::vector{batch});
  EXPECT_EQ(must([&](Store& s) { return s.get_batch(batch); }).packed, 0);
  EXPECT_EQ(counts().requests[static_cast<std::size_t>(RequestState::cancelled)].items, 1500);
  EXPECT_EQ(view(kAnna, others).state, RequestState::queued);
  EXPECT_EQ(view(kBob, bobs).state, RequestState::queued);
  expect_balance();

  const auto again = must([&](Store& s) { return s.cancel_group(kAnna, "g", ids[998], now_); });
  EXPECT_EQ(again.over, 501);
  EXPECT_TRUE(again.recorded.finished.empty());
  EXPECT_EQ(attempt([&](Store& s) { return s.cancel_group(kAnna, "no", {}, now_); }).error().code, Errc::not_found);
}

RUN_FOR_EVERY_STORE(Bulk);

}  // namespace
}  // namespace batchd::storage::testing
