// A file of requests: the bulk call, its group, the report, and continuing after the call broke off.
#include <gtest/gtest.h>

#include <atomic>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

const std::string kLines = R"({"key":"a","request":{"contents":[]}})"
                           "\n\n"
                           R"({"key":"b","request":{"contents":[]}})";

std::string counts(int accepted, int known, int refused, const std::string& errors = {}) {
  return R"({"group":"g","channel":"c","lines":)" + std::to_string(accepted + known + refused) + R"(,"accepted":)" +
         std::to_string(accepted) + R"(,"known":)" + std::to_string(known) + R"(,"refused":)" +
         std::to_string(refused) + R"(,"errors":[)" + errors + "]}";
}

class SubmitFile : public ::testing::Test {
 protected:
  Ran submit(FakeServer& server, const std::string& options = {}, const std::string& global = {}) {
    const auto file = server.folder() + "/f.jsonl";
    write_file(file, kLines);
    return run(server.path(), global + " submit -m m " + file + ' ' + options);
  }
};

TEST_F(SubmitFile, IsOneCallNamedByItsDigest) {
  FakeServer server([](const auto&) { return http_answer(202, counts(2, 0, 0)); });
  const auto first = submit(server), again = submit(server), json = submit(server, "", "--json");
  EXPECT_EQ(first.code, kDone) << first.err;
  ASSERT_EQ(first.out.size(), 33u);
  EXPECT_EQ(first.out, again.out);
  EXPECT_EQ(json.out, counts(2, 0, 0) + '\n');
  EXPECT_TRUE(contains(first.err, "2 accepted, 0 known before, 0 refused"));
  EXPECT_TRUE(contains(first.err, "batchctl results --wait --channel c"));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(first_line(requests[0]), "POST /v1/requests?model=m&group=" + first.out.substr(0, 32));
  EXPECT_EQ(first_line(requests[0]), first_line(requests[1]));
  EXPECT_EQ(header(requests[0], "Content-Type"), "Content-Type: application/jsonl");
  EXPECT_EQ(header(requests[0], "Content-Length"), "Content-Length: " + std::to_string(kLines.size()));
  EXPECT_EQ(body(requests[0]), kLines);
}

TEST_F(SubmitFile, SendsItsOptionsAsParameters) {
  FakeServer server([](const auto&) { return http_answer(202, counts(2, 0, 0)); });
  const auto ran = submit(server,
                          "--group 'n 1&/é' --channel c --account a --endpoint embedContent --deadline 2h "
                          "--on-deadline fail");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, "n 1&/é\n");
  EXPECT_EQ(first_line(server.requests().at(0)),
            "POST /v1/requests?model=m&group=n%201%26%2F%C3%A9&channel=c&account=a&endpoint=embedContent&deadline=2h"
            "&on_deadline=fail");
}

TEST_F(SubmitFile, NamesTheLinesThatWereRefused) {
  const std::string errors = R"({"line":3,"code":"line_differs","detail":"stored with another digest"})";
  FakeServer server([&](const auto&) { return http_answer(202, counts(1, 0, 102, errors)); });
  const auto ran = submit(server);
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_TRUE(contains(ran.err, "f.jsonl:3: line_differs: stored with another digest")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "and 101 more lines")) << ran.err;
  EXPECT_EQ(ran.out.size(), 33u) << "the others are in";

  auto problem = counts(0, 0, 1, R"({"line":1,"code":"bad_json","detail":"byte 3"})");
  problem.insert(1, R"("status":400,"code":"no_line_accepted","detail":"no line was accepted",)");
  FakeServer none([&](const auto&) { return http_answer(400, problem); });
  const auto refused = submit(none);
  EXPECT_EQ(refused.code, kBadInput);
  EXPECT_EQ(refused.out, "");
  EXPECT_TRUE(contains(refused.err, "f.jsonl:1: bad_json: byte 3")) << refused.err;
  EXPECT_EQ(none.requests().size(), 1u);
}

TEST_F(SubmitFile, WhatBrokeOffIsSentAgainWhole) {
  auto stopped = counts(1, 0, 0);
  stopped.insert(1, R"("code":"queue_full","detail":"full",)");
  const std::string answers[] = {"", http_answer(429, stopped), http_answer(507, "{}"), http_answer(503, stopped),
                                 http_answer(202, counts(1, 1, 0))};
  std::atomic<std::size_t> next = 0;
  FakeServer server([&](const auto&) { return answers[next++]; });
  const auto ran = submit(server);
  EXPECT_EQ(ran.code, kDone) << ran.err;
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 5u);
  for (const auto& request : requests) EXPECT_EQ(request, requests[0]);
  EXPECT_TRUE(contains(ran.err, "trying again")) << ran.err;
}

TEST_F(SubmitFile, GivesUpInTimeAndSaysHowToGoOn) {
  FakeServer server([](const auto&) { return http_answer(429, "{}", "Retry-After: 9\r\n"); });
  const auto ran = submit(server, "", "--retry-for 1");
  EXPECT_EQ(ran.code, kTryLater);
  EXPECT_TRUE(contains(ran.err, "run the same command again")) << ran.err;
  EXPECT_EQ(run(server.path(), "submit -m m --jsonl /nonexistent").code, kBadInput);
  EXPECT_EQ(run(server.path(), "submit -m m --jsonl /tmp").code, kBadInput);
}

TEST_F(SubmitFile, APipeGoesInChunksAndNeedsAName) {
  FakeServer server([](const auto&) { return http_answer(202, counts(1, 0, 0)); });
  const auto ran = run(server.path(), "submit -m m --jsonl - --group g", "printf 'one\\n' |");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(body(server.requests().at(0)), "4\r\none\n\r\n0\r\n\r\n");
  EXPECT_EQ(run(server.path(), "submit -m m --jsonl -", "printf 'one\\n' |").code, kUsage);

  FakeServer busy([](const auto&) { return http_answer(503, "{}"); });
  EXPECT_EQ(run(busy.path(), "submit -m m --jsonl - --group g", "printf 'one\\n' |").code, kTryLater);
  EXPECT_EQ(busy.requests().size(), 1u) << "what went through a pipe can't be sent again";
}

// A result line of this group, or of a stranger in the same channel.
std::string state_line(int n, const std::string& state, const std::string& rest, const std::string& group = "G") {
  const auto number = std::to_string(n);
  return R"({"id":"01abcdefghjk)" + number + R"(","cursor":"x-)" + number + R"(","key":"k)" + number +
         R"(","state":")" + state + R"(","group":")" + group + '"' + rest + "}\n";
}

TEST_F(SubmitFile, WaitingPrintsItsOwnResultsAndAcknowledgesThem) {
  std::atomic<int> pages = 0;
  FakeServer server([&](const std::string& request) {
    if (starts(request, "POST /v1/requests?")) return http_answer(202, counts(1, 1, 0));
    if (starts(request, "POST /v1/results/ack ")) return http_answer(200, R"({"acknowledged":1,"unknown":[]})");
    if (!starts(request, "GET /v1/results?")) return http_answer(200, R"({"requests":[{}]})");
    const int page = ++pages;
    if (page == 1)
      return http_answer(200, state_line(1, "succeeded", kResponse) + state_line(2, "failed", kError, "other"));
    return http_answer(200, page == 2 ? "" : state_line(3, "failed", kError));
  });
  const auto ran = submit(server, "--group G --wait --ack");
  EXPECT_EQ(ran.code, kFailed) << ran.err;
  EXPECT_EQ(ran.out, R"({"key":"k1","id":"01abcdefghjk1","cursor":"x-1","state":"succeeded","text":"four legs"})"
                     "\n"
                     R"({"key":"k3","id":"01abcdefghjk3","cursor":"x-3","state":"failed",)" +
                         kError.substr(1) + "}\n");
  std::vector<std::string> calls, acknowledged;
  for (const auto& request : server.requests()) {
    calls.push_back(first_line(request));
    if (starts(request, "POST /v1/results/ack")) acknowledged.push_back(body(request));
  }
  const std::vector<std::string> expected{"POST /v1/requests?model=m&group=G",
                                          "GET /v1/results?channel=c&wait=0&limit=500",
                                          "POST /v1/results/ack",
                                          "GET /v1/results?channel=c&after=x-2&wait=0&limit=500",
                                          "GET /v1/requests?group=G&state=queued&limit=1",
                                          "GET /v1/results?channel=c&after=x-2&wait=10&limit=500",
                                          "POST /v1/results/ack"};
  EXPECT_EQ(calls, expected);
  EXPECT_EQ(acknowledged, (std::vector<std::string>{R"({"ids":["01abcdefghjk1"]})", R"({"ids":["01abcdefghjk3"]})"}));
}

TEST_F(SubmitFile, WaitingEndsWhenWhatIsMissingWasAcknowledgedBefore) {
  std::atomic<int> pages = 0;
  FakeServer server([&](const std::string& request) {
    if (starts(request, "POST")) return http_answer(202, counts(0, 2, 0));
    if (starts(request, "GET /v1/requests?")) return http_answer(200, R"({"requests":[]})");
    return http_answer(200, ++pages == 1 ? state_line(1, "succeeded", kResponse) : "");
  });
  const auto ran = submit(server, "--group G --wait");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_TRUE(contains(ran.err, "1 of 2 results")) << ran.err;
}

TEST_F(SubmitFile, WaitingEndsWithItsLimit) {
  FakeServer server([&](const std::string& request) {
    if (starts(request, "POST")) return http_answer(202, counts(2, 0, 0));
    return http_answer(200, starts(request, "GET /v1/requests?") ? R"({"requests":[{}]})" : "");
  });
  const auto ran = submit(server, "--group G --wait=0");
  EXPECT_EQ(ran.code, kTryLater);
  EXPECT_TRUE(contains(ran.err, "batchctl results --wait --channel c")) << ran.err;
}

}  // namespace
}  // namespace batchd::ctl
