// A faulty call is answered with a clear error and has no effect. Listings, cancelling, retrying.
#include "tests/e2e/calls.h"

namespace batchd::e2e {
namespace {

class Calls : public CallsTest {
 protected:
  Json list(const std::string& query) {
    const auto reply = call("GET", "/v1/requests" + query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Json(reply.body);
  }
  Json show(const std::string& id) { return Json(call("GET", "/v1/requests/" + id).body); }
};

const std::map<std::string, std::string> kQuietCalls{{"packing.max_age", "\"24h\""}};

TEST_F(Calls, EachSaysWhatIsWrongAndDoesNothing) {
  start({}, {.config = kQuietCalls});
  const auto id = post("kept");
  const std::string request = R"("model":"m","request":{})";
  const auto posting = [&](const std::string& members) { return "{" + request + "," + members + "}"; };
  const std::string bulk_path = "/v1/requests?model=m&group=g";
  const std::string cursor = "zzzzzzzz-1";
  struct Case {
    std::string method, target, body;
    int status;
    std::string code;
    bool lines = false;
  };
  const Case cases[] = {
      {"POST", "/v1/requests", posting(R"("channel":"a/b")"), 400, "bad_channel"},
      {"POST", "/v1/requests", posting(R"("deadline":"soon")"), 400, "bad_deadline"},
      {"POST", "/v1/requests", posting(R"("on_deadline":"fail")"), 400, "bad_on_deadline"},
      {"POST", "/v1/requests", posting(R"("labels":{"a":1})"), 400, "bad_labels"},
      {"POST", "/v1/requests", posting(R"("endpoint":"countTokens")"), 400, "bad_endpoint"},
      {"POST", "/v1/requests", posting(R"("account":"nope")"), 400, "unknown_account"},

      {"POST", bulk_path, bulk_line("x"), 400, "bad_content_type"},
      {"POST", "/v1/requests?group=g", bulk_line("x"), 400, "missing_parameter", true},
      {"POST", "/v1/requests?model=m", bulk_line("x"), 400, "missing_parameter", true},
      {"POST", "/v1/requests?model=m&group=", bulk_line("x"), 400, "bad_group", true},
      {"POST", "/v1/requests?model=m&group=a%2Fb", bulk_line("x"), 400, "bad_group", true},
      {"POST", "/v1/requests?model=a%20b&group=g", bulk_line("x"), 400, "bad_model", true},
      {"POST", bulk_path + "&colour=red", bulk_line("x"), 400, "unknown_parameter", true},
      {"POST", bulk_path + "&group=h", bulk_line("x"), 400, "duplicate_parameter", true},
      {"POST", bulk_path + "&channel=a%0Ab", bulk_line("x"), 400, "bad_channel", true},
      {"POST", bulk_path + "&deadline=soon", bulk_line("x"), 400, "bad_deadline", true},
      {"POST", bulk_path + "&on_deadline=fail", bulk_line("x"), 400, "bad_on_deadline", true},
      {"POST", bulk_path + "&endpoint=countTokens", bulk_line("x"), 400, "bad_endpoint", true},
      {"POST", bulk_path + "&account=nope", bulk_line("x"), 400, "unknown_account", true},

      {"GET", "/v1/requests?state=done", "", 400, "bad_parameter"},
      {"GET", "/v1/requests?limit=0", "", 400, "bad_parameter"},
      {"GET", "/v1/requests?limit=501", "", 400, "bad_parameter"},
      {"GET", "/v1/requests?cursor=x", "", 400, "bad_parameter"},
      {"GET", "/v1/requests?channel=a%2Fb", "", 400, "bad_parameter"},
      {"GET", "/v1/requests?sort=up", "", 400, "unknown_parameter"},

      {"GET", "/v1/results?wait=soon", "", 400, "bad_parameter"},
      {"GET", "/v1/results?limit=1001", "", 400, "bad_parameter"},
      {"GET", "/v1/results?after=x", "", 400, "bad_cursor"},
      {"GET", "/v1/results?after=" + cursor, "", 410, "cursor_gone"},
      {"GET", "/v1/results?group=g", "", 400, "unknown_parameter"},

      {"POST", "/v1/results/ack", "", 400, "bad_json"},
      {"POST", "/v1/results/ack", "{}", 400, "missing_member"},
      {"POST", "/v1/results/ack", R"({"ids":[]})", 400, "bad_ids"},
      {"POST", "/v1/results/ack", R"({"up_to":"x"})", 400, "bad_cursor"},
      {"POST", "/v1/results/ack?up_to=1", R"({"up_to":"x"})", 400, "unknown_parameter"},
      {"POST", "/v1/results/ack", std::string(70'000, ' '), 413, "too_large"},

      {"DELETE", "/v1/requests/0000000000001", "", 404, "not_found"},
      {"DELETE", "/v1/requests/nonsense", "", 404, "not_found"},
      {"DELETE", "/v1/requests/" + id + "?really=yes", "", 400, "unknown_parameter"},
      {"DELETE", "/v1/groups/nobodys", "", 404, "not_found"},
      {"DELETE", "/v1/groups/a%2Fb", "", 404, "no_such_path"},
      {"DELETE", "/v1/requests", "", 405, "method_not_allowed"},

      {"POST", "/v1/requests/" + id + "/retry", "", 409, "not_failed"},
      {"POST", "/v1/requests/0000000000001/retry", "", 404, "not_found"},
      {"POST", "/v1/requests/nonsense/retry", "", 404, "not_found"},
  };
  for (const auto& c : cases) {
    const auto reply = call(c.method, c.target, c.body, c.lines ? kLines : Headers{});
    EXPECT_EQ(reply.status, c.status) << c.method << ' ' << c.target << ' ' << c.body.substr(0, 100) << reply.body;
    EXPECT_EQ(reply.header("content-type"), "application/problem+json") << c.target;
    EXPECT_EQ(Json(reply.body).text("/code"), c.code) << c.method << ' ' << c.target << reply.body;
    EXPECT_NE(Json(reply.body).text("/detail"), "") << c.target;
  }
  EXPECT_EQ(accepted(), 1);
  EXPECT_EQ(show(id).text("/state"), "queued");
  EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
}

TEST_F(Calls, WhatWasSaidIsShown) {
  start({}, {.config = kQuietCalls});
  const auto reply = call("POST", "/v1/requests",
                          R"({"model":"m","request":{},"key":"k","channel":"c","deadline":"2099-01-01T00:00:00+01:00",)"
                          R"("on_deadline":"fail","labels":{"run":"7"}})");
  ASSERT_EQ(reply.status, 202) << reply.body;
  const Json accepted(reply.body);
  const auto shown = show(accepted.text("/id"));
  for (const auto& request : {accepted, shown}) {
    EXPECT_EQ(request.text("/key"), "k");
    EXPECT_EQ(request.text("/channel"), "c");
    EXPECT_EQ(request.text("/deadline"), "2098-12-31T23:00:00.000Z");
    EXPECT_EQ(request.text("/on_deadline"), "fail");
    EXPECT_EQ(request.text("/labels/run"), "7");
  }
  EXPECT_EQ(accepted.members(""), shown.members(""));
}

TEST_F(Calls, AListingFiltersAndTurnsPages) {
  start({}, {.config = kQuietCalls});
  std::string body;
  for (int i = 1; i <= 30; ++i) body += bulk_line("x", "k" + std::to_string(i)) + '\n';
  bulk("g", body);
  bulk("h", body, "&channel=c");
  const auto alone = post("alone");

  std::vector<std::string> keys;
  std::string cursor;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = list("?group=g&limit=8" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const auto& request : page.items("/requests")) keys.push_back(request.text("/key"));
    cursor = page.text("/next");
    if (cursor.empty()) break;
  }
  ASSERT_EQ(keys.size(), 30U);
  EXPECT_EQ(keys.front(), "k30");  // newest first
  EXPECT_EQ(keys.back(), "k1");

  const auto count = [&](const std::string& query) { return list(query).items("/requests").size(); };
  EXPECT_EQ(count("?limit=500"), 61U);
  EXPECT_EQ(count(""), 50U);
  EXPECT_EQ(count("?key=k7"), 2U);
  EXPECT_EQ(count("?key=k7&channel=c"), 1U);
  EXPECT_EQ(count("?channel=c&limit=100"), 30U);
  EXPECT_EQ(count("?channel="), 1U);
  EXPECT_EQ(count("?model=models/" + std::string(kModel) + "&limit=100"), 61U);
  EXPECT_EQ(count("?model=other"), 0U);
  EXPECT_EQ(count("?state=queued&limit=100"), 61U);
  EXPECT_EQ(count("?state=failed"), 0U);
  EXPECT_EQ(list("?channel=").text("/requests/0/id"), alone);
}

TEST_F(Calls, AListingShowsNoResponse) {
  start();
  const auto id = post("x");
  finished(id);
  const auto listed = list("?state=succeeded");
  EXPECT_EQ(listed.text("/requests/0/id"), id);
  EXPECT_TRUE(listed.has("/requests/0/finished_at"));
  EXPECT_FALSE(listed.has("/requests/0/response"));
}

TEST_F(Calls, AKeyWhoseRequestIsGoneIsNotRunAgain) {
  start({}, {.config = {{"retention.results", "\"300ms\""}, {"retention.purge_every", "\"100ms\""}}});
  const Headers key{{"Idempotency-Key", "once"}};
  const auto id = post("once", key);
  ASSERT_TRUE(eventually([&] { return call("GET", "/v1/requests/" + id).status == 404; }));
  const auto again = call("POST", "/v1/requests", submission("once"), key);
  EXPECT_EQ(again.status, 410) << again.body;
  EXPECT_EQ(Json(again.body).text("/code"), "result_gone");
  EXPECT_EQ(accepted(), 1);
}

}  // namespace
}  // namespace batchd::e2e
