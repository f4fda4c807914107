// Listings, and commands that change single requests.
#include <gtest/gtest.h>

#include <atomic>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

const std::string kFirst =
    R"({"id":"a1","key":"k\t1\u001b[2J","model":"m","state":"queued","labels":{"x":"],[\"}"},"attempts":0})";
const std::string kSecond = R"({"id": "a2", "model":"m","state":"failed","channel":"c","error":{"code":3}})";

TEST(List, FollowsThePagesAsFarAsAsked) {
  FakeServer server([](const std::string& request) {
    return http_answer(200, contains(request, "cursor=n%2F1") ? R"({"requests":[)" + kSecond + "]}"
                                                              : R"({"requests":[)" + kFirst + R"(],"next":"n/1"})");
  });
  const auto rows = "a1\tqueued\tm\tk 1 [2J\t-\t-\t-\na2\tfailed\tm\t-\tc\t-\t-\n";
  const auto all = run(server.path(), "list --all");
  EXPECT_EQ(all.code, kDone) << all.err;
  EXPECT_EQ(all.out, rows);
  EXPECT_EQ(run(server.path(), "--json list --all").out, kFirst + '\n' + kSecond + '\n');
  const auto one = run(server.path(), "list --limit 1 --state queued --group 'a b'");
  EXPECT_EQ(one.out, "a1\tqueued\tm\tk 1 [2J\t-\t-\t-\n");
  EXPECT_TRUE(contains(one.err, "--all"));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_EQ(first_line(requests[0]), "GET /v1/requests?limit=500");
  EXPECT_EQ(first_line(requests[1]), "GET /v1/requests?limit=500&cursor=n%2F1");
  EXPECT_EQ(first_line(requests[4]), "GET /v1/requests?state=queued&group=a%20b&limit=1");
}

TEST(List, SaysSoIfThereIsNothingAndIfItIsNoList) {
  FakeServer empty([](const auto&) { return http_answer(200, R"({"requests":[]})"); });
  const auto none = run(empty.path(), "list");
  EXPECT_EQ(none.code, kDone);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(first_line(empty.requests().at(0)), "GET /v1/requests?limit=50");
  FakeServer odd([](const auto&) { return http_answer(200, "[]"); });
  EXPECT_EQ(run(odd.path(), "list").code, kUnavailable);
}

TEST(Batches, AreListedAndShown) {
  const std::string batch =
      R"({"id":"01abcdefghjkm","state":"held","items":7,"model":"m","account":"default","lines":{"failed":1}})";
  FakeServer server([&](const std::string& request) {
    return http_answer(200, starts(request, "GET /admin/batches/") ? batch : R"({"batches":[)" + batch + "]}");
  });
  EXPECT_EQ(run(server.path(), "batches --state held").out, "01abcdefghjkm\theld\t7\tm\tdefault\t-\t-\t-\n");
  const auto one = run(server.path(), "batch " + kId);
  EXPECT_EQ(one.out, "id\t01abcdefghjkm\nstate\theld\nitems\t7\nmodel\tm\naccount\tdefault\nlines\t{\"failed\":1}\n");
  EXPECT_TRUE(contains(one.err, "batchctl attention"));
  EXPECT_EQ(run(server.path(), "--json batch " + kId).out, batch + '\n');
  EXPECT_EQ(run(server.path(), "batch ../x").code, kBadInput);
  EXPECT_EQ(first_line(server.requests().at(0)), "GET /admin/batches?state=held&limit=50");
  EXPECT_EQ(first_line(server.requests().at(1)), "GET /admin/batches/" + kId);
}

TEST(Cancel, GoesThroughAllIdsAndTellsTheWorst) {
  const std::string second = "01abcdefghjkn";
  FakeServer server([&](const std::string& request) {
    if (contains(request, second)) return http_answer(409, R"({"code":"already_finished","detail":"it has ended"})");
    return http_answer(200, R"({"id":")" + kId + R"(","state":"cancelled","was":"packed","detail":"may be paid"})");
  });
  const auto ran = run(server.path(), "cancel " + second + ' ' + kId);
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_EQ(ran.out, kId + '\n');
  EXPECT_TRUE(contains(ran.err, "it has ended") && contains(ran.err, "may be paid")) << ran.err;
  EXPECT_EQ(first_line(server.requests().at(1)), "DELETE /v1/requests/" + kId);
  EXPECT_EQ(run(server.path(), "cancel no/id").code, kBadInput);
  EXPECT_EQ(server.requests().size(), 2u);
}

// The answer to the first try was lost on the way: the second is told of an end that may be the first one's work.
TEST(Cancel, AnEndThatItsFirstTryBroughtIsNoFailure) {
  const struct {
    std::string lost, state;
    int code;
  } cases[] = {{"", "cancelled", kDone}, {"", "succeeded", kBadInput}, {"HTTP/1.1 200", "cancelled", kDone}};
  for (const auto& c : cases) {
    std::atomic<int> count = 0;
    FakeServer server([&](const std::string& request) {
      if (starts(request, "GET ")) return http_answer(200, object(c.state));
      if (++count == 1) return c.lost.empty() ? std::string() : c.lost + kHangUp;
      return http_answer(409, R"({"code":"already_finished","detail":"it has ended"})");
    });
    const auto ran = run(server.path(), "cancel " + kId);
    EXPECT_EQ(ran.code, c.code) << ran.err;
    EXPECT_EQ(ran.out, c.code == kDone ? kId + '\n' : "");
    EXPECT_TRUE(contains(ran.err, c.code == kDone ? "is cancelled" : "it has ended")) << ran.err;
    EXPECT_EQ(server.requests().size(), 3u);
  }
}

// On a connection that was kept, and found dead: that try was sent, too.
TEST(Cancel, AConnectionThatDiedCountsAsATry) {
  const std::string second = "01abcdefghjkn";
  std::atomic<int> count = 0;
  FakeServer server([&](const std::string& request) {
    if (starts(request, "GET ")) return http_answer(200, object("cancelled"));
    if (contains(request, kId)) return http_answer(200, R"({"id":")" + kId + R"(","state":"cancelled"})");
    return ++count == 1 ? std::string() : http_answer(409, R"({"code":"already_finished","detail":"it has ended"})");
  });
  const auto ran = run(server.path(), "cancel " + kId + ' ' + second);
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, kId + '\n' + second + '\n');
}

TEST(Cancel, TakesAGroup) {
  FakeServer server([](const auto&) { return http_answer(200, R"({"group":"a/b","cancelled":3,"finished":4})"); });
  const auto ran = run(server.path(), "cancel --group a/b");
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, "a/b\n");
  EXPECT_TRUE(contains(ran.err, "3 cancelled, 4 had finished"));
  EXPECT_EQ(first_line(server.requests().at(0)), "DELETE /v1/groups/a%2Fb");
}

TEST(Retry, PrintsTheNewIdAndIsSentAgainUnderItsKey) {
  std::atomic<int> count = 0;
  FakeServer server(
      [&](const auto&) { return ++count == 1 ? std::string() : http_answer(202, R"({"id":"01newidnewidn"})"); });
  const auto ran = run(server.path(), "retry " + kId);
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, "01newidnewidn\n");
  EXPECT_TRUE(contains(ran.err, "batchctl wait 01newidnewidn"));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(first_line(requests[0]), "POST /v1/requests/" + kId + "/retry");
  EXPECT_EQ(header(requests[0], "Idempotency-Key").size(), std::string("Idempotency-Key: ").size() + 32);
  EXPECT_EQ(requests[0], requests[1]);
}

}  // namespace
}  // namespace batchd::ctl
