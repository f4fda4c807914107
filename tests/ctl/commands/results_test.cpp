// Results: read in pages, acknowledged once they are written, and watched as they come.
#include <gtest/gtest.h>

#include <atomic>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

std::string result_line(int n) {
  const auto number = std::to_string(n);
  return R"({"id":"01abcdefghjk)" + number + R"(","cursor":"x-)" + number + R"(","state":"succeeded")" + kResponse +
         "}\n";
}
std::string shown(int n) {
  const auto number = std::to_string(n);
  return R"({"id":"01abcdefghjk)" + number + R"(","cursor":"x-)" + number +
         R"(","state":"succeeded","text":"four legs"})" + "\n";
}

std::vector<std::string> calls_of(const FakeServer& server) {
  std::vector<std::string> calls;
  for (const auto& request : server.requests()) calls.push_back(first_line(request));
  return calls;
}
using Calls = std::vector<std::string>;

// Answers one after the other; then empty pages.
class Pages {
 public:
  explicit Pages(std::vector<std::string> answers) : answers_(std::move(answers)) {}
  std::string operator()(const std::string& request) {
    if (starts(request, "POST")) return http_answer(200, R"({"acknowledged":1,"unknown":[]})");
    const auto at = next_++;
    return at < answers_.size() ? answers_[at] : http_answer(200, "");
  }

 private:
  std::vector<std::string> answers_;
  std::size_t next_ = 0;
};

TEST(Results, ComeInPagesUntilThereAreNoMore) {
  FakeServer server(Pages({http_answer(200, result_line(1) + result_line(2)), http_answer(200, result_line(3))}));
  const auto ran = run(server.path(), "results --channel 'c d' --after x-0");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, shown(1) + shown(2) + shown(3));
  EXPECT_TRUE(contains(ran.err, "--after x-3")) << ran.err;
  EXPECT_EQ(calls_of(server), (Calls{"GET /v1/results?channel=c%20d&after=x-0&wait=0&limit=500",
                                     "GET /v1/results?channel=c%20d&after=x-2&wait=0&limit=500",
                                     "GET /v1/results?channel=c%20d&after=x-3&wait=0&limit=500"}));
}

TEST(Results, JsonIsWhatTheDaemonSent) {
  FakeServer server(Pages({http_answer(200, result_line(1) + result_line(2))}));
  const auto ran = run(server.path(), "--json results --limit 2");
  EXPECT_EQ(ran.out, result_line(1) + result_line(2));
  EXPECT_EQ(calls_of(server), Calls{"GET /v1/results?wait=0&limit=2"});
}

TEST(Results, AreAcknowledgedPageByPageAndOnlyThese) {
  FakeServer server(Pages({http_answer(200, result_line(1) + result_line(2)), http_answer(200, result_line(3))}));
  const auto ran = run(server.path(), "results --ack");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(calls_of(server), (Calls{"GET /v1/results?wait=0&limit=500", "POST /v1/results/ack",
                                     "GET /v1/results?after=x-2&wait=0&limit=500", "POST /v1/results/ack",
                                     "GET /v1/results?after=x-3&wait=0&limit=500"}));
  EXPECT_EQ(body(server.requests()[1]), R"({"ids":["01abcdefghjk1","01abcdefghjk2"]})");
  EXPECT_EQ(body(server.requests()[3]), R"({"ids":["01abcdefghjk3"]})");
}

TEST(Results, AreNotAcknowledgedIfTheyCouldNotBeWritten) {
  FakeServer server(Pages({http_answer(200, result_line(1))}));
  const auto ran = run(server.path(), "results --ack >/dev/full");
  EXPECT_EQ(ran.code, kTryLater) << ran.err;
  EXPECT_EQ(calls_of(server), Calls{"GET /v1/results?wait=0&limit=500"});
}

// Else the connection would be descriptor 1, and what is acknowledged would be written into it.
TEST(Results, WithoutAnOutputNothingIsFetchedOrAcknowledged) {
  for (const char* missing : {">&-", ">&- 2>&-", "<&- >&- 2>&-", "1</dev/null"}) {
    FakeServer server(Pages({http_answer(200, result_line(1))}));
    for (const char* command : {"results --ack", "submit -m m hi", "watch", "get 01abcdefghjkm", "list"})
      EXPECT_EQ(run(server.path(), std::string(command) + ' ' + missing).code, kTryLater) << command << missing;
    EXPECT_EQ(calls_of(server), Calls{}) << missing;
    EXPECT_EQ(run(server.path(), std::string("health ") + missing).code, kDone) << "it prints nothing";
  }
}

TEST(Results, AClosedStandardErrorGetsNothing) {
  FakeServer server(Pages({http_answer(200, result_line(1)), http_answer(200, "")}));
  const auto ran = run(server.path(), "results --ack <&- 2>&-");
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, shown(1));
  for (const auto& request : server.requests()) EXPECT_FALSE(contains(request, "batchctl: ")) << request;
}

TEST(Results, OfResponsesThatAreNoJsonAndLinesForEveryReader) {
  const std::string no_json = R"({"id":"01abcdefghjk1","cursor":"x-1","state":"succeeded",)"
                              R"("response_fault":"why","response_base64":"eyJh"})";
  const std::string separator =
      "{\"key\":\"a\xE2\x80\xA8z\",\"id\":\"01abcdefghjk2\",\"cursor\":\"x-2\",\"state\":\"succeeded\"" +
      std::string(R"(,"response":{"candidates":[{"content":{"parts":[{"text":"b)") + "\xE2\x80\xA9\xC2\x85\"}]}}]}}";
  const std::string escaped =
      R"({"key":"a\u2028z","id":"01abcdefghjk2","cursor":"x-2","state":"succeeded","text":"b\u2029\u0085"})";
  FakeServer server(Pages({http_answer(200, no_json + '\n' + separator + '\n')}));
  EXPECT_EQ(run(server.path(), "results --limit 2").out, no_json + '\n' + escaped + '\n');
  FakeServer again(Pages({http_answer(200, separator + '\n')}));
  const auto json = run(again.path(), "--json results --limit 1").out;
  EXPECT_FALSE(contains(json, "\xE2\x80") || contains(json, "\xC2\x85")) << json;
}

TEST(Results, GoOnBehindTheLastWholeLineAfterABreak) {
  const auto both = http_answer(200, result_line(1) + result_line(2));
  FakeServer server(
      Pages({both.substr(0, both.size() - 5) + kHangUp, http_answer(503, "{}"), http_answer(200, result_line(2))}));
  const auto ran = run(server.path(), "results");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, shown(1) + shown(2));
  EXPECT_EQ(calls_of(server)[1], "GET /v1/results?after=x-1&limit=499");
}

TEST(Results, WaitForTheFirstAndThenTakeWhatThereIs) {
  FakeServer server(Pages({http_answer(200, ""), http_answer(200, result_line(1))}));
  const auto ran = run(server.path(), "results --wait");
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, shown(1));
  EXPECT_EQ(calls_of(server), (Calls{"GET /v1/results?wait=25&limit=500", "GET /v1/results?wait=25&limit=500",
                                     "GET /v1/results?after=x-1&wait=0&limit=500"}));
  FakeServer empty(Pages({}));
  EXPECT_EQ(run(empty.path(), "results --wait 0").code, kTryLater);
  EXPECT_EQ(run(empty.path(), "results").code, kDone);
}

TEST(Results, OfAnotherStoreAreRefusedAndNonsenseIsTold) {
  FakeServer gone(Pages({http_answer(410, R"({"detail":"another store","hint":"begin anew"})")}));
  const auto ran = run(gone.path(), "results --after y-1");
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_TRUE(contains(ran.err, "hint: begin anew"));
  FakeServer nonsense(Pages({http_answer(200, "hello\n")}));
  EXPECT_EQ(run(nonsense.path(), "results").code, kUnavailable);
}

std::string event(int n) {
  auto data = result_line(n);
  return "id: x-" + std::to_string(n) + "\ndata: " + data + "\n";
}

TEST(Watch, GoesOnBehindTheLastEventUntilItIsRefused) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 1000\n\n";
  FakeServer server(
      Pages({head + event(1) + ": \n\n" + event(2) + "id: x-3\ndata: {\"cu" + kHangUp, http_answer(503, "{}"),
             head + event(3) + kHangUp, http_answer(410, R"({"detail":"gone"})")}));
  const auto ran = run(server.path(), "watch --channel c --after x-0");
  EXPECT_EQ(ran.code, kBadInput) << ran.err;
  EXPECT_EQ(ran.out, shown(1) + shown(2) + shown(3));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4u);
  const char* const behind[] = {"x-0", "x-2", "x-2", "x-3"};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(first_line(requests[i]), "GET /v1/results?channel=c");
    EXPECT_EQ(header(requests[i], "Accept"), "Accept: text/event-stream");
    EXPECT_EQ(header(requests[i], "Last-Event-ID"), std::string("Last-Event-ID: ") + behind[i]);
  }
}

}  // namespace
}  // namespace batchd::ctl
