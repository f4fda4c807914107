// Operators' commands, and status.
#include <gtest/gtest.h>

#include <atomic>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

TEST(Operator, WordsToBatchesAreSentOnce) {
  std::atomic<int> count = 0;
  FakeServer server([&](const auto&) { return ++count == 1 ? http_answer(200, "{}") : http_answer(503, "{}"); });
  EXPECT_EQ(run(server.path(), "adopt " + kId + " batches/j1").code, kDone);
  EXPECT_EQ(run(server.path(), "requeue " + kId).code, kTryLater);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(first_line(requests[0]), "POST /admin/batches/" + kId + "/adopt");
  EXPECT_EQ(body(requests[0]), R"({"job":"batches/j1"})");
  EXPECT_EQ(first_line(requests[1]), "POST /admin/batches/" + kId + "/requeue");
}

TEST(Operator, WordsToLanes) {
  const std::string paused = R"({"paused":[{"account":"a","endpoint":"","model":"m"}]})";
  const struct {
    std::string arguments, answer, call, body, out, said;
  } cases[] = {
      {"flush", R"({"lanes":3})", "POST /admin/lanes/flush", "{}", "3\n", "3 lanes send without waiting"},
      {"flush --model m", R"({"lanes":1})", "POST /admin/lanes/flush", R"({"model":"m"})", "1\n",
       "1 lane sends without waiting"},
      {"pause --account a --endpoint e --model m", paused, "POST /admin/lanes/pause",
       R"({"account":"a","endpoint":"e","model":"m"})", "a\tany\tm\n", "batchctl resume"},
      {"resume --account a", R"({"paused":[]})", "POST /admin/lanes/resume", R"({"account":"a"})", "",
       "nothing is paused"},
      {"resume", R"({"paused":[],"suspicious":5})", "POST /admin/lanes/resume", "{}", "",
       "5 suspicious requests are sent for three more days"},
      {"resume-account a", R"({"account":"a","healthy":true})", "POST /admin/accounts/a/resume", "", "",
       "a works again"},
      {"resume-account 'a b'", R"({"account":"a b","healthy":false})", "POST /admin/accounts/a%20b/resume", "", "",
       "batchctl attention"},
  };
  for (const auto& c : cases) {
    FakeServer server([&](const auto&) { return http_answer(200, c.answer); });
    const auto ran = run(server.path(), c.arguments);
    EXPECT_EQ(ran.code, kDone) << c.arguments << ran.err;
    EXPECT_EQ(ran.out, c.out) << c.arguments;
    EXPECT_TRUE(contains(ran.err, c.said)) << ran.err;
    EXPECT_EQ(run(server.path(), "--json " + c.arguments).out, c.answer + '\n');
    EXPECT_EQ(first_line(server.requests().at(0)), c.call);
    EXPECT_EQ(body(server.requests().at(0)), c.body);
  }
}

TEST(Operator, AttentionNamesTheNextCommand) {
  const std::string items =
      R"({"items":[{"kind":"held_batch","batch":"01abcdefghjkm","account":"default","message":"404\u001b","since":"S"},)"
      R"({"kind":"account","account":"it's","message":"API_KEY_INVALID"},)"
      R"({"kind":"strange_job","account":"default","job":"batches/j1","token":"t1","since":"S"},)"
      R"({"kind":"paused","account":"default","endpoint":"","model":"m"},{"kind":"new","message":"hm"}]})";
  FakeServer server([&](const auto&) { return http_answer(200, items); });
  const auto ran = run(server.path(), "attention");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  for (const char* part :
       {"batchctl batch 01abcdefghjkm\n", "batchctl adopt 01abcdefghjkm batches/...\n",
        "batchctl requeue 01abcdefghjkm\n", R"(batchctl resume --account 'it'\''s')", "API_KEY_INVALID", "batches/j1",
        "batchctl resume-account default\n", "batchctl resume --account default --model m\n", "new: hm\n"})
    EXPECT_TRUE(contains(ran.out, part)) << part << '\n' << ran.out;
  EXPECT_FALSE(contains(ran.out, "\x1b"));
  EXPECT_EQ(run(server.path(), "--json attention").out, items + '\n');

  FakeServer calm([&](const auto&) { return http_answer(200, R"({"items":[]})"); });
  EXPECT_EQ(run(calm.path(), "attention").out, "");
  FakeServer closed([&](const auto&) { return http_answer(403, R"({"code":"not_admin","detail":"no"})"); });
  EXPECT_EQ(run(closed.path(), "attention").code, kNoPermission);
}

const std::string kAdmin = R"({"version":"0.1.0","accepted":3,"purged":0,"balanced":true,
  "requests":{"queued":{"items":2,"oldest_seconds":61},"packed":{"items":1}},
  "batches":{"held":{"items":1,"oldest_seconds":5}},
  "lanes":[{"account":"default","model":"m","queued":2,"paused":true,"allowance":100,"enqueued_tokens":7}],
  "owners":[{"owner":"uid:1000","queued":2,"packed":1}],
  "live_batches":[{"id":"01abcdefghjkm","state":"held","model":"m","items":1,"job":"batches/j1"}],
  "accounts":[{"name":"default","healthy":false,"detail":"API_KEY_INVALID"}]})";

TEST(Status, OfTheWholeMachine) {
  FakeServer server([&](const std::string& request) {
    return http_answer(200, starts(request, "GET /admin/attention") ? R"({"items":[{}]})" : kAdmin);
  });
  const auto table = run(server.path(), "status --admin");
  for (const char* part : {"oldest 61s", "TROUBLE API_KEY_INVALID", "PAUSED", "tokens 7 of 100",
                           "uid:1000    2 queued, 1 packed", "batches/j1"})
    EXPECT_TRUE(contains(table.out, part)) << part << '\n' << table.out;
  const auto doctor = run(server.path(), "doctor");
  EXPECT_EQ(doctor.code, kUnavailable);
  EXPECT_TRUE(contains(doctor.out, "API_KEY_INVALID") && contains(doctor.out, "batchctl attention")) << doctor.out;
}

TEST(Status, IsTolerantOfShapes) {
  for (const char* shape :
       {R"({"requests":{"queued":2}})", R"({"queued":{"items":2}})", R"({"requests":{"queued":{"items":2}}})"}) {
    FakeServer server([&](const auto&) { return http_answer(200, shape); });
    const auto ran = run(server.path(), "status");
    EXPECT_EQ(ran.code, kDone);
    EXPECT_TRUE(contains(ran.out, "queued      2")) << ran.out;
  }
}

}  // namespace
}  // namespace batchd::ctl
