#include "proto/api/api.h"

#include <gtest/gtest.h>

#include "proto/control_document.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

using core::WallTime;
constexpr WallTime kNoon{core::Duration{1'795'348'800'123}};  // 2026-11-22T12:00:00.123Z

TEST(Rfc3339, Table) {
  EXPECT_EQ(rfc3339(kNoon), "2026-11-22T12:00:00.123Z");
  EXPECT_EQ(rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(WallTime{core::Duration{1'709'251'199'999}}), "2024-02-29T23:59:59.999Z");
}

TEST(Problem, Bodies) {
  EXPECT_EQ(
      problem({.status = 429, .code = "queue_full", .detail = "a \"b\"", .retryable = true, .hint = "wait"}),
      R"({"type":"urn:batchd:problem:queue_full","title":"Queue full","status":429,"detail":"a \"b\"","code":"queue_full","retryable":true,"hint":"wait"})"
      "\n");
  EXPECT_EQ(problem({.status = 404, .code = "not_found", .detail = ""}).find("hint"), std::string::npos);
}

core::RequestView view(core::RequestState state) {
  core::RequestView view;
  view.id = core::RequestId{1};
  view.lane = {"default", "generateContent", "gemini-2.5-flash"};
  view.state = state;
  view.created_at = kNoon;
  return view;
}

TEST(RequestJson, Queued) {
  const auto json = request_json(view(core::RequestState::queued));
  EXPECT_EQ(
      json.head,
      R"({"id":"0000000000001","model":"gemini-2.5-flash","state":"queued","account":"default","endpoint":"generateContent","created_at":"2026-11-22T12:00:00.123Z","attempts":0})"
      "\n");
  EXPECT_EQ(json.tail, "");
}

TEST(RequestJson, SucceededIsWrittenAroundTheResponse) {
  auto request = view(core::RequestState::succeeded);
  request.key = "k\n";
  request.batch = core::BatchId{2};
  request.attempts = 1;
  request.finished_at = kNoon;
  const auto json = request_json(request);
  EXPECT_TRUE(json.head.ends_with(R"("response":)")) << json.head;
  const auto document = ControlDocument::parse(json.head + R"({"text":"x"})" + json.tail);
  ASSERT_TRUE(document.has_value());
  const auto* root = &document->root();
  EXPECT_EQ(text_member(root, "key"), "k\n");
  EXPECT_EQ(text_member(root, "batch"), "0000000000002");
  EXPECT_EQ(text_member(root, "finished_at"), "2026-11-22T12:00:00.123Z");
  EXPECT_EQ(integer_member(root, "attempts"), 1);
  EXPECT_EQ(text_member(object_member(root, "response"), "text"), "x");
}

TEST(RequestJson, OtherEndsCarryTheError) {
  auto request = view(core::RequestState::failed);
  request.error = core::RequestError{.kind = core::ErrorClass::invalid,
                                     .code = 3,
                                     .status = "INVALID_ARGUMENT",
                                     .message = "no\xFF",
                                     .source = core::ErrorSource::provider};
  const auto json = request_json(request);
  EXPECT_EQ(json.tail, "");
  EXPECT_NE(json.head.find("\"error\":{\"code\":3,\"status\":\"INVALID_ARGUMENT\",\"message\":\"no\xEF\xBF\xBD\","
                           "\"source\":\"provider\",\"class\":\"invalid\"}}\n"),
            std::string::npos)
      << json.head;
  request.error->http_status = 400;
  request.error->body = R"({"error":{"code":400}})";
  const auto known = request_json(request).head;
  EXPECT_NE(known.find(R"("class":"invalid","http_status":400,"provider_error":"{\"error\":{\"code\":400}}"}})"),
            std::string::npos)
      << known;
  const auto listed = request_json(request, {.response = false}).head;
  EXPECT_EQ(listed.find("provider_error"), std::string::npos) << listed;
  EXPECT_NE(listed.find(R"("http_status":400})"), std::string::npos) << listed;
}

TEST(BatchJson, NamesItsResults) {
  core::Batch batch;
  EXPECT_EQ(batch_json(batch).find("result"), std::string::npos);
  batch.results = {"files/a"};
  EXPECT_NE(batch_json(batch).find(R"("result_file":"files/a")"), std::string::npos);
  EXPECT_EQ(batch_json(batch).find("\"results\""), std::string::npos);
  batch.results.push_back("files/b");
  EXPECT_NE(batch_json(batch).find(R"("result_file":"files/a","results":["files/a","files/b"])"), std::string::npos);
}

TEST(StatusJson, OwnNumbers) {
  EXPECT_EQ(status_json({1, 2, 3, 4, 5, 6}),
            R"({"requests":{"queued":1,"packed":2,"succeeded":3,"failed":4,"cancelled":5,"expired":6}})"
            "\n");
}

AdminStatus admin_status() {
  AdminStatus status{.version = "0.1.0", .now = kNoon, .started_at = kNoon - std::chrono::hours(1), .counts = {}};
  status.counts.accepted = 7;
  status.counts.purged = 2;
  status.counts.requests[0] = {5, kNoon - std::chrono::seconds(90)};
  status.counts.batches[12] = {1, kNoon + std::chrono::seconds(5)};  // a clock that went back: never a negative age
  status.counts.database_bytes = 4096;
  status.accounts = {{.name = "default", .healthy = false, .detail = "API key not valid", .key = "0123456789abcdef"},
                     {.name = "new"}};
  core::LaneQueue queue{.id = core::LaneId{1}, .lane = {"default", "generateContent", "m"}, .owners = {}};
  queue.owners = {{core::OwnerId{1}, 2, 20, 200, kNoon - std::chrono::seconds(10)},
                  {core::OwnerId{2}, 3, 30, 300, kNoon - std::chrono::seconds(60)}};
  status.lanes = {{.queue = queue, .paused = true, .enqueued_tokens = 40, .allowance = 70}};
  status.lanes[0].turnaround = std::chrono::minutes(2);
  status.owners = {{core::owner_of_uid(1000), "", {5, 0, 0, 0, 0, 0}}, {core::OwnerId{1LL << 33}, "ci", {}}};
  core::Batch batch;
  batch.id = core::BatchId{3};
  batch.lane = {"default", "generateContent", "m"};
  batch.state = core::BatchState::held;
  batch.tag = "tok";
  batch.job = "batches/x";
  batch.message = "why";
  batch.items = 4;
  batch.lines.possibly_charged = 1;
  status.live_batches = {batch};
  return status;
}

TEST(AdminStatusJson, EverythingIsThere) {
  const auto document = ControlDocument::parse(admin_status_json(admin_status()));
  ASSERT_TRUE(document.has_value());
  const auto* root = &document->root();
  EXPECT_EQ(integer_member(root, "accepted"), 7);
  EXPECT_TRUE(true_member(root, "balanced"));
  EXPECT_EQ(integer_member(object_member(root, "store"), "database_bytes"), 4096);
  const auto* queued = object_member(object_member(root, "requests"), "queued");
  EXPECT_EQ(integer_member(queued, "items"), 5);
  EXPECT_EQ(integer_member(queued, "oldest_seconds"), 90);
  EXPECT_EQ(object_member(root, "requests")->MemberCount(), core::kRequestStates);
  EXPECT_EQ(object_member(root, "batches")->MemberCount(), core::kBatchStates);
  EXPECT_EQ(integer_member(object_member(object_member(root, "batches"), "held"), "oldest_seconds"), 0);
  const auto& accounts = *member(root, "accounts");
  EXPECT_TRUE(member(&accounts[0], "healthy")->IsFalse());
  EXPECT_EQ(text_member(&accounts[0], "detail"), "API key not valid");
  EXPECT_EQ(text_member(&accounts[0], "key"), "0123456789abcdef");
  EXPECT_EQ(member(&accounts[1], "healthy"), nullptr);
  EXPECT_EQ(member(&accounts[1], "key"), nullptr);
  const auto& lane = (*member(root, "lanes"))[0];
  EXPECT_EQ(integer_member(&lane, "queued"), 5);
  EXPECT_EQ(integer_member(&lane, "owners"), 2);
  EXPECT_EQ(integer_member(&lane, "oldest_seconds"), 60);
  EXPECT_TRUE(true_member(&lane, "paused"));
  EXPECT_EQ(integer_member(&lane, "enqueued_tokens"), 40);
  EXPECT_EQ(integer_member(&lane, "allowance"), 70);
  EXPECT_EQ(integer_member(&lane, "turnaround_seconds"), 120);
  const auto& owners = *member(root, "owners");
  EXPECT_EQ(text_member(&owners[0], "owner"), "uid:1000");
  EXPECT_EQ(integer_member(&owners[0], "queued"), 5);
  EXPECT_EQ(text_member(&owners[1], "owner"), "ci");
  const auto& batch = (*member(root, "live_batches"))[0];
  EXPECT_EQ(text_member(&batch, "state"), "held");
  EXPECT_EQ(text_member(&batch, "token"), "tok");
  EXPECT_EQ(text_member(&batch, "job"), "batches/x");
  EXPECT_EQ(text_member(&batch, "message"), "why");
  EXPECT_EQ(integer_member(object_member(&batch, "lines"), "possibly_charged"), 1);
}

TEST(AdminStatusJson, ABalanceThatDoesNotCloseIsSaid) {
  auto status = admin_status();
  status.counts.accepted = 8;
  EXPECT_NE(admin_status_json(status).find("\"balanced\":false"), std::string::npos);
}

}  // namespace
}  // namespace batchd::proto
