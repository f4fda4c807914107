// The JSON of requests, pages, cursors and acknowledgements.
#include <gtest/gtest.h>

#include "proto/api/api.h"

namespace batchd::proto {
namespace {

constexpr core::WallTime kResultsNoon{core::Duration{1'795'348'800'123}};  // 2026-11-22T12:00:00.123Z

core::RequestView full() {
  core::RequestView view;
  view.id = core::RequestId{1};
  view.lane = {"default", "generateContent", "m"};
  view.key = "k";
  view.state = core::RequestState::succeeded;
  view.batch = core::BatchId{2};
  view.created_at = kResultsNoon;
  view.finished_at = kResultsNoon;
  view.acknowledged_at = kResultsNoon;
  view.channel = "c";
  view.group = "g";
  view.labels = R"({"a":"b"})";
  view.deadline = kResultsNoon;
  view.fail_at_deadline = true;
  return view;
}

const std::string kTime = "\"2026-11-22T12:00:00.123Z\"";
const std::string kMembers =
    R"("key":"k","model":"m","state":"succeeded","account":"default","endpoint":"generateContent","channel":"c",)"
    R"("group":"g","labels":{"a":"b"},"deadline":)" +
    kTime + R"(,"on_deadline":"fail","created_at":)" + kTime + R"(,"finished_at":)" + kTime + R"(,"acknowledged_at":)" +
    kTime + R"(,"attempts":0,"batch":"0000000000002")";

TEST(RequestForms, MembersStandInTheirOrder) {
  const auto json = request_json(full());
  EXPECT_EQ(json.head, R"({"id":"0000000000001",)" + kMembers + R"(,"response":)");
  EXPECT_EQ(json.tail, "}\n");
}

TEST(RequestForms, InAStreamTheCursorFollowsTheId) {
  const auto json = request_json(full(), {.cursor = "abcdefgh-7"});
  EXPECT_EQ(json.head, R"({"id":"0000000000001","cursor":"abcdefgh-7",)" + kMembers + R"(,"response":)");
}

TEST(RequestForms, AResponseThatIsNoJsonIsAStringOfBase64) {
  const auto json = request_json(full(), {.response_fault = "not JSON at byte 3: not UTF-8"});
  EXPECT_EQ(json.head, R"({"id":"0000000000001",)" + kMembers +
                           R"(,"response_fault":"not JSON at byte 3: not UTF-8","response_base64":")");
  EXPECT_EQ(json.tail, "\"}\n");
}

TEST(RequestForms, AListingShowsNoResponse) {
  core::RequestPage page{.requests = {full()}, .next = core::RequestId{1}};
  EXPECT_EQ(listing_json(page),
            R"({"requests":[{"id":"0000000000001",)" + kMembers + R"(}],"next":"0000000000001"})" + "\n");
  EXPECT_EQ(listing_json({}), "{\"requests\":[]}\n");
}

TEST(Answers, OfCancellingAndAcknowledging) {
  EXPECT_EQ(acknowledged_json(3, nullptr), "{\"acknowledged\":3}\n");
  const std::vector<core::RequestId> unknown{core::RequestId{1}};
  EXPECT_EQ(acknowledged_json(0, &unknown), "{\"acknowledged\":0,\"unknown\":[\"0000000000001\"]}\n");
  EXPECT_EQ(group_cancelled_json("g", 2, 1), "{\"group\":\"g\",\"cancelled\":2,\"finished\":1}\n");
  EXPECT_TRUE(cancelled_json(core::RequestId{1}, core::RequestState::packed)
                  .starts_with(R"({"id":"0000000000001","state":"cancelled","was":"packed","detail":")"));
}

TEST(Cursors, Table) {
  EXPECT_EQ(cursor_text("4pxyp9m1", 17), "4pxyp9m1-17");
  const auto cursor = parse_cursor("4pxyp9m1-17");
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->installation, "4pxyp9m1");
  EXPECT_EQ(cursor->completion, 17);
  EXPECT_TRUE(parse_cursor("4pxyp9m1-0"));
  for (const std::string_view text :
       {"", "17", "-17", "4pxyp9m1", "4pxyp9m1-", "4pxyp9m1--1", "4pxyp9m1-x", "4pxyp9m1-1 ", "4PXYP9M1-1", "short-1",
        "4pxyp9m1-99999999999999999999", "4pxyp9m1-017", "4pxyp9m1-00", "4pxyp9m1--0"})
    EXPECT_FALSE(parse_cursor(text)) << text;
}

TEST(Acknowledgements, Good) {
  const auto channel = parse_acknowledgement(R"({"channel":"c","up_to":"4pxyp9m1-17"})").acknowledgement;
  ASSERT_TRUE(channel);
  EXPECT_EQ(channel->channel, "c");
  EXPECT_EQ(channel->up_to->completion, 17);
  const auto none = parse_acknowledgement(R"({"up_to":"4pxyp9m1-17"})").acknowledgement;
  ASSERT_TRUE(none);
  EXPECT_EQ(none->channel, "");
  const auto nulls = parse_acknowledgement(R"({"channel":null,"up_to":"4pxyp9m1-17","ids":null})").acknowledgement;
  ASSERT_TRUE(nulls) << "null is none";
  EXPECT_EQ(nulls->up_to->completion, 17);
  const auto ids =
      parse_acknowledgement(R"({"ids":["0000000000001","0000000000002"],"up_to":null,"channel":null})").acknowledgement;
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->ids.size(), 2U);
}

TEST(Acknowledgements, Bad) {
  std::string many = R"({"ids":[)";
  for (int i = 0; i < 1001; ++i) many += std::string(i > 0 ? "," : "") + "\"0000000000001\"";
  const std::pair<std::string, std::string_view> table[] = {
      {"", "bad_json"},
      {"{", "bad_json"},
      {"7", "bad_json"},
      {"{}", "missing_member"},
      {R"({"channel":"c"})", "missing_member"},
      {R"({"ids":["0000000000001"],"up_to":"4pxyp9m1-17"})", "missing_member"},
      {R"({"ids":["0000000000001"],"channel":"c"})", "bad_channel"},
      {R"({"channel":"a/b","up_to":"4pxyp9m1-17"})", "bad_channel"},
      {R"({"channel":7,"up_to":"4pxyp9m1-17"})", "bad_channel"},
      {R"({"up_to":"17"})", "bad_cursor"},
      {R"({"up_to":17})", "bad_cursor"},
      {R"({"ids":[]})", "bad_ids"},
      {R"({"ids":["x"]})", "bad_ids"},
      {R"({"ids":[1]})", "bad_ids"},
      {R"({"ids":"0000000000001"})", "bad_ids"},
      {R"({"upto":"4pxyp9m1-17"})", "unknown_member"},
      {R"({"upto":null,"ids":["0000000000001"]})", "unknown_member"},
      {R"({"up_to":null,"ids":null})", "missing_member"},
      {R"({"up_to":null,"up_to":"4pxyp9m1-18"})", "duplicate_member"},
      {R"({"up_to":"4pxyp9m1-17","up_to":"4pxyp9m1-18"})", "duplicate_member"},
      {many + "]}", "bad_ids"},
  };
  for (const auto& [body, code] : table) {
    const auto read = parse_acknowledgement(body);
    EXPECT_FALSE(read.acknowledgement) << body;
    EXPECT_EQ(read.fault.code, code) << body;
  }
}

}  // namespace
}  // namespace batchd::proto
