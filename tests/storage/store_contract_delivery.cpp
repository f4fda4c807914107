// Delivery: single requests, listings, results by channel, acknowledgement.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum RequestState;

class Delivery : public ContractStories {
 protected:
  RequestId accept_in(const std::string& channel, OwnerId owner = kAnna) {
    auto fresh = request(owner, "{}");
    fresh.channel = channel;
    return must([&](Store& s) { return s.accept(fresh, now_); }).id;
  }
  std::vector<RequestId> accept_group(OwnerId owner, const std::string& group, int count) {
    std::vector<GroupLine> lines;
    for (int i = 1; i <= count; ++i) lines.push_back({i, "digest " + std::to_string(i), request(owner, "{}")});
    std::vector<RequestId> ids;
    for (const auto& line : must([&](Store& s) { return s.accept_lines(owner, group, lines, now_); }))
      ids.push_back(line.id);
    return ids;
  }
  RequestPage list(OwnerId owner, const RequestFilter& filter = {}, RequestId before = {}, int limit = 500) {
    return must([&](Store& s) { return s.list_requests(owner, filter, before, limit); });
  }
  ResultPage results(OwnerId owner, const std::string& channel, std::int64_t after = 0, int limit = 500) {
    return must([&](Store& s) { return s.list_results(owner, channel, after, limit); });
  }
  Acknowledged acknowledge(OwnerId owner, const std::string& channel, std::int64_t up_to) {
    return must([&](Store& s) { return s.acknowledge(owner, channel, up_to, now_); });
  }
  AcknowledgedIds acknowledge_ids(OwnerId owner, const std::vector<RequestId>& ids) {
    return must([&](Store& s) { return s.acknowledge_ids(owner, ids, now_); });
  }
  std::int64_t last_completion() {
    return must([](Store& s) { return s.last_completion(); });
  }
  static std::vector<RequestId> ids_of(const std::vector<RequestView>& views) {
    std::vector<RequestId> ids;
    for (const auto& view : views) ids.push_back(view.id);
    return ids;
  }
};
using Ids = std::vector<RequestId>;

TEST_P(Delivery, AViewShowsWhatWasSubmittedAndWhatBecameOfIt) {
  auto fresh = request(kAnna, R"({"contents":[]})", 77);
  fresh.key = "mine";
  fresh.channel = "nightly";
  fresh.labels = R"({"a":"b"})";
  fresh.deadline = now_ + 2h;
  fresh.fail_at_deadline = true;
  const auto id = must([&](Store& s) { return s.accept(fresh, now_); }).id;
  reopen();
  auto seen = view(kAnna, id);
  EXPECT_EQ(seen.id, id);
  EXPECT_EQ(seen.lane, kLane);
  EXPECT_EQ(seen.key, "mine");
  EXPECT_EQ(seen.channel, "nightly");
  EXPECT_EQ(seen.group, "");
  EXPECT_EQ(seen.labels, R"({"a":"b"})");
  EXPECT_EQ(seen.deadline, kStart + 2h);
  EXPECT_TRUE(seen.fail_at_deadline);
  EXPECT_EQ(seen.tokens, 77);
  EXPECT_EQ(seen.completion, 0);
  EXPECT_FALSE(seen.acknowledged_at);
  EXPECT_FALSE(seen.batch);
  EXPECT_EQ(seen.body.bytes, 15);
  EXPECT_EQ(must([&](Store& s) { return s.read_chunk(seen.body.id, 0); }), R"({"contents":[]})");

  const auto batch = finish({kAnna}, {id});
  tick();
  acknowledge_ids(kAnna, {id});
  reopen();
  seen = view(kAnna, id);
  EXPECT_EQ(seen.state, succeeded);
  EXPECT_EQ(seen.batch, batch);
  EXPECT_EQ(seen.completion, 1);
  EXPECT_EQ(seen.finished_at, kStart);
  EXPECT_EQ(seen.acknowledged_at, kStart + 1s);
  EXPECT_EQ(seen.value_bytes, 2);
  EXPECT_FALSE(seen.error);
  EXPECT_NE(must([&](Store& s) { return s.read_chunk(seen.result.id, 0); }), "");
}

TEST_P(Delivery, AListingIsNewestFirstInPages) {
  auto annas = accept_many(kAnna, 4);
  accept_many(kBob, 3);
  for (const auto id : accept_many(kAnna, 3)) annas.push_back(id);
  std::reverse(annas.begin(), annas.end());
  reopen();
  Ids seen;
  std::vector<std::size_t> sizes;
  for (RequestId before;;) {
    const auto page = list(kAnna, {}, before, 3);
    sizes.push_back(page.requests.size());
    for (const auto id : ids_of(page.requests)) seen.push_back(id);
    if (!page.next) break;
    before = *page.next;
  }
  EXPECT_EQ(seen, annas);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 3, 1}));
  EXPECT_FALSE(list(kAnna, {}, {}, 7).next) << "nothing is left";
}

TEST_P(Delivery, FiltersNarrowAListing) {
  const Lane pro{"default", "answers", "large-1"};
  const auto plain = accept(kAnna, "{}", 10, pro);
  finish({kAnna}, {plain});
  const auto streamed = accept_in("c");
  auto keyed_request = request(kAnna, "{}");
  keyed_request.key = "k";
  const auto keyed = must([&](Store& s) { return s.accept(keyed_request, now_); }).id;
  const auto grouped = accept_group(kAnna, "g", 2);
  accept_group(kBob, "g", 2);
  accept_group(kBob, "bobs", 1);
  struct Case {
    RequestFilter filter;
    Ids expected;
  };
  RequestFilter unchannelled;
  unchannelled.channel = "";
  for (const auto& [filter, expected] :
       {Case{{}, {grouped[1], grouped[0], keyed, streamed, plain}}, Case{{.state = succeeded}, {plain}},
        Case{{.state = queued}, {grouped[1], grouped[0], keyed, streamed}}, Case{{.channel = "c"}, {streamed}},
        Case{unchannelled, {grouped[1], grouped[0], keyed, plain}}, Case{{.model = pro.model}, {plain}},
        Case{{.key = "k"}, {keyed}}, Case{{.group = "g"}, {grouped[1], grouped[0]}},
        Case{{.state = succeeded, .group = "g"}, {}}, Case{{.group = "bobs"}, {}}, Case{{.model = "other"}, {}}}) {
    const auto page = list(kAnna, filter);
    EXPECT_EQ(ids_of(page.requests), expected);
    EXPECT_FALSE(page.next);
  }
  EXPECT_EQ(view(kAnna, grouped[0]).group, "g");
  EXPECT_EQ(ids_of(list(kAnna, {.group = "g"}, grouped[1]).requests), Ids{grouped[0]});
}

TEST_P(Delivery, ALookIsBoundedHoweverFewMatch) {
  const auto ids = accept_many(kAnna, kVerbRowsMax + 100);
  const auto first = list(kAnna, {.key = "nobody's"});
  EXPECT_TRUE(first.requests.empty());
  ASSERT_TRUE(first.next);
  EXPECT_EQ(*first.next, ids[100]);
  const auto second = list(kAnna, {.key = "nobody's"}, *first.next);
  EXPECT_TRUE(second.requests.empty());
  EXPECT_FALSE(second.next);
}

TEST_P(Delivery, ResultsComeInTheOrderOfTheirEnds) {
  const auto ids = accept_many(kAnna, 4);
  const auto waiting = collecting_batch({kAnna});
  for (const auto i : {2U, 0U, 3U}) {
    const std::vector outcomes{i == 0 ? line_error(ids[i], ErrorClass::invalid, false) : success(ids[i])};
    must([&](Store& s) { return s.record_outcomes(waiting, outcomes, 3, now_); });
  }
  reopen();
  const auto all = results(kAnna, "");
  EXPECT_EQ(ids_of(all.results), (Ids{ids[2], ids[0], ids[3]}));
  EXPECT_FALSE(all.more);
  EXPECT_EQ(all.results[0].completion, 1);
  EXPECT_EQ(all.results[1].error->code, 3);
  EXPECT_EQ(last_completion(), 3);

  const auto first = results(kAnna, "", 0, 2);
  EXPECT_EQ(ids_of(first.results), (Ids{ids[2], ids[0]}));
  EXPECT_TRUE(first.more);
  const auto second = results(kAnna, "", first.results.back().completion, 2);
  EXPECT_EQ(ids_of(second.results), (Ids{ids[3]}));
  EXPECT_FALSE(second.more);
  EXPECT_TRUE(results(kAnna, "", 3).results.empty());
}

TEST_P(Delivery, ChannelsAndOwnersAreApart) {
  const auto none = accept_in("");
  const auto red = accept_in("red");
  const auto blue = accept_in("blue");
  const auto bobs = accept_in("red", kBob);
  finish({kAnna, kBob}, {none, red, blue, bobs});
  const auto expect = [&](const Ids& in_none, const Ids& in_red, const Ids& in_blue, const Ids& of_bob) {
    EXPECT_EQ(ids_of(results(kAnna, "").results), in_none);
    EXPECT_EQ(ids_of(results(kAnna, "red").results), in_red);
    EXPECT_EQ(ids_of(results(kAnna, "blue").results), in_blue);
    EXPECT_EQ(ids_of(results(kBob, "red").results), of_bob);
  };
  expect({none}, {red}, {blue}, {bobs});
  EXPECT_TRUE(results(kBob, "").results.empty());
  EXPECT_EQ(acknowledge(kAnna, "red", last_completion()).requests, 1);
  expect({none}, {}, {blue}, {bobs});
  EXPECT_EQ(acknowledge(kAnna, "", last_completion()).requests, 1);
  reopen();
  expect({}, {}, {blue}, {bobs});
  const auto stolen = acknowledge_ids(kBob, {blue});
  EXPECT_EQ(stolen.requests, 0);
  EXPECT_EQ(stolen.unknown, Ids{blue});
  expect({}, {}, {blue}, {bobs});
  EXPECT_EQ(attempt([&](Store& s) { return s.find_request(kBob, blue); }).error().code, Errc::not_found);
  for (const auto& seen : list(kBob).requests) EXPECT_EQ(seen.id, bobs);
}

TEST_P(Delivery, AcknowledgingGoesUpToItsCursorInChunks) {
  const auto ids = accept_many(kAnna, 1500);
  finish({kAnna}, ids);
  tick();
  EXPECT_EQ(acknowledge(kAnna, "", 0).requests, 0);
  const auto first = acknowledge(kAnna, "", 1400);
  EXPECT_EQ(first.requests, kVerbRowsMax / 2);
  EXPECT_TRUE(first.more);
  const auto second = acknowledge(kAnna, "", 1400);
  EXPECT_EQ(second.requests, 400);
  EXPECT_FALSE(second.more);
  reopen();
  const auto left = results(kAnna, "").results;
  ASSERT_EQ(left.size(), 100U);
  EXPECT_EQ(left.front().completion, 1401);
  tick();
  EXPECT_EQ(acknowledge(kAnna, "", 1400).requests, 0) << "said twice";
  EXPECT_EQ(acknowledge_ids(kAnna, {ids[0]}).requests, 0);
  EXPECT_EQ(view(kAnna, ids[0]).acknowledged_at, kStart + 1s) << "the first time counts";
  EXPECT_EQ(last_completion(), 1500);
}

TEST_P(Delivery, AcknowledgingByIdSaysWhatItDoesNotKnow) {
  const auto ids = accept_many(kAnna, 2);
  finish({kAnna}, ids);
  const auto waiting = accept(kAnna);
  const auto bobs = accept(kBob);
  finish({kBob}, {bobs});
  const auto seen = acknowledge_ids(kAnna, {ids[1], waiting, bobs, RequestId{12345}, ids[1]});
  EXPECT_EQ(seen.requests, 1);
  EXPECT_EQ(seen.unknown, (Ids{waiting, bobs, RequestId{12345}}));
  reopen();
  EXPECT_EQ(ids_of(results(kAnna, "").results), Ids{ids[0]});
  EXPECT_FALSE(view(kBob, bobs).acknowledged_at);
  EXPECT_FALSE(view(kAnna, waiting).acknowledged_at);
}

TEST_P(Delivery, CompletionNumbersAreNeverUsedAgain) {
  const auto id = accept(kAnna);
  finish({kAnna}, {id});
  tick();
  while (must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).more) {
  }
  reopen();
  EXPECT_EQ(last_completion(), 1);
  const auto next = accept(kAnna);
  finish({kAnna}, {next});
  EXPECT_EQ(view(kAnna, next).completion, 2);
}

// Bytes that changed where they lay are told to nobody: not to who asks for them, not to the provider.
TEST_P(Delivery, ADamagedBodyIsNoticed) {
  const auto id = accept(kAnna, R"({"text":"the body that will be damaged"})");
  const auto whole = accept(kAnna, R"({"text":"another"})");
  const auto batch = sealed_batch({kAnna});
  const auto body = view(kAnna, id).body.id;
  store_.reset();
  const bool damaged = factory_->damage_body(body);
  store_ = factory_->open();
  if (!damaged) GTEST_SKIP() << "this engine has no way to damage a body";
  const auto read = [this](BodyId wanted) { return attempt([wanted](Store& s) { return s.read_chunk(wanted, 0); }); };
  ASSERT_TRUE(read(body).has_error());
  EXPECT_EQ(read(body).error().code, Errc::corrupt);
  const auto lines = attempt([batch](Store& s) { return s.read_lines(batch, {}); });
  ASSERT_TRUE(lines.has_error());
  EXPECT_EQ(lines.error().code, Errc::corrupt);
  EXPECT_TRUE(read(view(kAnna, whole).body.id).has_value()) << "no other body is touched";
}

RUN_FOR_EVERY_STORE(Delivery);

}  // namespace
}  // namespace batchd::storage::testing
