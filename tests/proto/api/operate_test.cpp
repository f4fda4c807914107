#include "proto/api/operate.h"

#include <gtest/gtest.h>

#include "proto/api/status.h"
#include "proto/control_document.h"

namespace batchd::proto {
namespace {

TEST(ParseLanes, NothingMeansEverything) {
  for (const auto* body : {"", " \r\n", "{}", R"({"model":null,"account":null})"}) {
    const auto lanes = parse_lanes(body);
    ASSERT_TRUE(lanes) << body;
    EXPECT_EQ(*lanes, core::LaneSelector()) << body;
  }
}

TEST(ParseLanes, TakesWhatIsNamed) {
  const auto lanes = parse_lanes(R"({"model":"models/gemini-2.5-pro","account":"a","endpoint":"embedContent"})");
  ASSERT_TRUE(lanes);
  EXPECT_EQ(*lanes, (core::LaneSelector{"a", "embedContent", "models/gemini-2.5-pro"}));
}

TEST(ParseLanes, RefusesTheRest) {
  for (const auto* body : {"x", "[]", "\"a\"", R"({"modle":"x"})", R"({"model":1})", R"({"modle":null})", "{\"a\":"}) {
    const auto lanes = parse_lanes(body);
    ASSERT_FALSE(lanes) << body;
    EXPECT_EQ(lanes.error().code, core::Errc::invalid) << body;
  }
}

TEST(OperateJson, Answers) {
  EXPECT_EQ(flushed_json(3), "{\"lanes\":3}\n");
  EXPECT_EQ(resumed_json("a\"b", false), "{\"account\":\"a\\\"b\",\"healthy\":false}\n");
  EXPECT_EQ(paused_json({}), "{\"paused\":[]}\n");
  EXPECT_EQ(paused_json({{"", "embedContent", "m"}}),
            "{\"paused\":[{\"account\":\"\",\"endpoint\":\"embedContent\",\"model\":\"m\"}]}\n");
}

TEST(BatchesJson, AreTheObjectsOfTheStatus) {
  core::Batch batch;
  batch.id = core::BatchId{3};
  batch.state = core::BatchState::done;
  batch.lines.succeeded = 9;
  const auto one = batch_json(batch);
  EXPECT_EQ(batches_json({}, std::nullopt), "{\"batches\":[]}\n");
  EXPECT_EQ(batches_json({batch, batch}, core::BatchId{2}), "{\"batches\":[" + one.substr(0, one.size() - 1) + ',' +
                                                                one.substr(0, one.size() - 1) +
                                                                "],\"next\":\"0000000000002\"}\n");
}

TEST(AttentionJson, OneItemForEachThing) {
  Attention attention;
  EXPECT_EQ(attention_json(attention), "{\"items\":[]}\n");
  core::Batch batch;
  batch.id = core::BatchId{3};
  batch.lane.account = "default";
  batch.message = "the fence can't be proven";
  attention.held = {batch};
  attention.accounts = {{.name = "default", .healthy = false, .detail = "API key not valid"}};
  attention.strange = {{.job = "batches/x", .tag = "batchd-1", .account = "default", .seen_at = {}}};
  attention.paused = {{"", "", "m"}};
  const auto document = ControlDocument::parse(attention_json(attention));
  ASSERT_TRUE(document);
  const auto& items = *member(&document->root(), "items");
  ASSERT_EQ(items.Size(), 4U);
  EXPECT_EQ(text_member(&items[0], "kind"), "held_batch");
  EXPECT_EQ(text_member(&items[0], "batch"), "0000000000003");
  EXPECT_EQ(text_member(&items[0], "message"), "the fence can't be proven");
  EXPECT_EQ(text_member(&items[0], "since"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text_member(&items[1], "kind"), "account");
  EXPECT_EQ(text_member(&items[1], "message"), "API key not valid");
  EXPECT_EQ(member(&items[1], "since"), nullptr);
  EXPECT_EQ(text_member(&items[2], "kind"), "strange_job");
  EXPECT_EQ(text_member(&items[2], "job"), "batches/x");
  EXPECT_EQ(text_member(&items[2], "token"), "batchd-1");
  EXPECT_EQ(text_member(&items[3], "kind"), "paused");
  EXPECT_EQ(text_member(&items[3], "model"), "m");
}

}  // namespace
}  // namespace batchd::proto
