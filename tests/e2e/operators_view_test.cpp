// What operators see of a real daemon and what they can do: metrics, the page, lists, commands for lanes, a backup that
// can be restored, an audit.
#include <filesystem>

#include "tests/e2e/e2e_fixture.h"
#include "tests/harness/prometheus_text.h"

namespace batchd::e2e {
namespace {

class OperatorsView : public E2eTest {
 protected:
  HttpReply get(const std::string& target) {
    LocalHttp http(daemon_->socket());
    return http.get(target).value_or(HttpReply());
  }
  Json word(const std::string& target, const std::string& body = "") {
    LocalHttp http(daemon_->socket());
    const auto reply = http.post(target, body);
    EXPECT_TRUE(reply && reply->status == 200) << target << ": " << (reply ? reply->body : "no answer");
    return Json(reply ? reply->body : "");
  }
  PrometheusText scrape() {
    const auto reply = get("/metrics");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    auto text = parse_prometheus(reply.body);
    for (const auto& fault : text.faults) ADD_FAILURE() << fault << "\n" << reply.body;
    return text;
  }
};

const std::map<std::string, std::string> kPatient{{"packing.max_age", "\"1h\""}};

TEST_F(OperatorsView, MetricsTellWhatHappened) {
  start({.faults = R"({"rules":[{"on":"line","do":"error","code":3,"nth":1}]})"});
  for (int i = 0; i < 4; ++i) post("counted " + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") + daemon_->in_state("failed") == 4; }));
  get("/v1/requests/nonsense");
  const auto text = scrape();
  EXPECT_EQ(text.value("batchd_requests_accepted_total"), 4);
  EXPECT_EQ(text.value("batchd_requests", {{"state", "succeeded"}}), daemon_->in_state("succeeded"));
  EXPECT_EQ(text.value("batchd_requests_finished_total", {{"state", "succeeded"}}), daemon_->in_state("succeeded"));
  EXPECT_EQ(text.value("batchd_requests_finished_total", {{"state", "failed"}}), daemon_->in_state("failed"));
  EXPECT_EQ(text.value("batchd_request_duration_seconds_count"), 4);
  EXPECT_GE(text.value("batchd_creates_total", {{"outcome", "created"}}).value_or(0), 1);
  EXPECT_GE(text.value("batchd_job_duration_seconds_count").value_or(0), 1);
  EXPECT_EQ(text.value("batchd_accept_duration_seconds_count"), 4);
  EXPECT_EQ(text.value("batchd_http_requests_total", {{"route", "/v1/requests"}, {"code", "2xx"}}), 4);
  EXPECT_EQ(text.value("batchd_http_requests_total", {{"route", "/v1/requests/{id}"}, {"code", "4xx"}}), 1);
  EXPECT_EQ(text.value("batchd_account_healthy", {{"account", "default"}}), 1);
  EXPECT_GT(text.value("batchd_database_bytes").value_or(0), 0);
  EXPECT_GT(text.value("batchd_disk_free_bytes").value_or(0), 0);
  EXPECT_GE(text.value("batchd_connections").value_or(0), 1);
  EXPECT_EQ(text.value("batchd_balanced"), 1);
}

TEST_F(OperatorsView, ThePageIsForABrowserAndHarmless) {
  start();
  const auto id = post("a prompt that is nobody's business");
  ASSERT_EQ(finished(id).text("/state"), "succeeded");
  const auto page = get("/admin/?refresh=30");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(page.header("content-security-policy").starts_with("default-src 'none'"));
  EXPECT_EQ(page.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.header("cache-control"), "no-store");
  EXPECT_NE(page.body.find("All is well"), std::string::npos) << page.body;
  EXPECT_NE(page.body.find("content=\"30\""), std::string::npos);
  EXPECT_NE(page.body.find("gemini-2.5-flash"), std::string::npos);
  EXPECT_EQ(page.body.find("business"), std::string::npos);
}

TEST_F(OperatorsView, ThePageIsFoundWithoutItsSlash) {
  start();
  for (const std::string method : {"GET", "HEAD"}) {
    LocalHttp http(daemon_->socket());
    ASSERT_TRUE(http.send(method, "/admin", "", {}));
    const auto reply = method == "GET" ? http.receive() : http.receive_head();
    ASSERT_TRUE(reply) << method;
    EXPECT_EQ(reply->status, 308) << method;
    EXPECT_EQ(reply->header("location"), "admin/") << method;
  }
  EXPECT_EQ(get("/admin?refresh=10").header("location"), "admin/?refresh=10");
  LocalHttp http(daemon_->socket());
  const auto wrong = http.post("/admin", "");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->header("allow"), "GET, HEAD");
}

TEST_F(OperatorsView, AFlushSendsWhatWaits) {
  start({}, {.config = kPatient});
  const auto id = post("flushed");
  EXPECT_EQ(word("/admin/lanes/flush", R"({"model":"another"})").number("/lanes"), 0);
  EXPECT_EQ(word("/admin/lanes/flush").number("/lanes"), 1);
  EXPECT_EQ(answer_text(finished(id)), "echo: flushed");
  const auto batches = Json(get("/admin/batches?limit=1").body);
  EXPECT_EQ(batches.text("/batches/0/reason"), "flush");
  const auto batch = batches.text("/batches/0/id");
  EXPECT_EQ(Json(get("/admin/batches/" + batch).body).text("/id"), batch);
  EXPECT_EQ(get("/admin/batches/0000000000001").status, 404);
  for (const std::string query : {"state=odd", "limit=0", "limit=501", "limit=1x", "cursor=x", "odd=1"})
    EXPECT_EQ(get("/admin/batches?" + query).status, 400) << query;
}

TEST_F(OperatorsView, BatchesComeInPagesNewestFirst) {
  start();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(finished(post("page " + std::to_string(i))).text("/batch"));
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto page = Json(get("/admin/batches?limit=1" + cursor).body);
    for (const auto& batch : page.items("/batches")) seen.push_back(batch.text("/id"));
    cursor = page.has("/next") ? "&cursor=" + page.text("/next") : "";
  } while (!cursor.empty());
  EXPECT_EQ(seen, std::vector<std::string>(ids.rbegin(), ids.rend()));
}

TEST_F(OperatorsView, APausedLaneWaitsAlsoAfterARestart) {
  start();
  EXPECT_EQ(word("/admin/lanes/pause", R"({"model":"gemini-2.5-flash"})").text("/paused/0/model"), "gemini-2.5-flash");
  const auto id = post("patient");
  daemon_->restart();
  const auto attention = Json(get("/admin/attention").body);
  EXPECT_EQ(attention.text("/items/0/kind"), "paused");
  EXPECT_TRUE(Json(get("/admin/status").body).flag("/lanes/0/paused"));
  word("/admin/lanes/flush");
  breathe(Milliseconds(700));  // more than max_age: it would have left by now
  EXPECT_EQ(daemon_->in_state("queued"), 1);
  EXPECT_TRUE(word("/admin/lanes/resume").items("/paused").empty());
  EXPECT_EQ(answer_text(finished(id)), "echo: patient");
  EXPECT_TRUE(Json(get("/admin/attention").body).items("/items").empty());
}

TEST_F(OperatorsView, AnAccountInTroubleIsShownAndResumed) {
  start({}, {.api_key = std::nullopt});
  const auto id = post("waits for a key");
  const auto attention = Json(get("/admin/attention").body);
  EXPECT_EQ(attention.text("/items/0/kind"), "account");
  EXPECT_NE(attention.text("/items/0/message"), "");
  const auto status = Json(get("/admin/status").body);
  const auto since = attention.text("/items/0/since");
  EXPECT_GE(since, status.text("/started_at"));  // RFC 3339, always in UTC: later is greater
  EXPECT_LE(since, status.text("/now"));
  EXPECT_EQ(status.text("/accounts/0/since"), since);
  EXPECT_NE(get("/admin/").body.find("class=\"verdict bad\""), std::string::npos);
  EXPECT_EQ(scrape().value("batchd_account_healthy", {{"account", "default"}}), 0);
  EXPECT_EQ(word("/admin/accounts/default/resume").text("/account"), "default");
  LocalHttp http(daemon_->socket());
  const auto unknown = http.post("/admin/accounts/nobody/resume", "");
  EXPECT_TRUE(unknown && unknown->status == 404);
}

// The trouble of a key that the provider refuses began when it was first refused, however often it was tried since.
TEST_F(OperatorsView, AnAccountsTroubleHasItsBeginning) {
  start({}, {.api_key = "bad-key"});
  post("waits for another key");
  std::string since;
  ASSERT_TRUE(eventually([&] {
    const auto attention = Json(get("/admin/attention").body);
    since = attention.text("/items/0/since");
    return attention.text("/items/0/kind") == "account" && !since.empty();
  }));
  const auto refusals = [&] {
    return scrape().value("batchd_provider_faults_total", {{"account", "default"}, {"kind", "account"}}).value_or(0);
  };
  const auto before = refusals();
  ASSERT_TRUE(eventually([&] { return refusals() > before + 1; }));
  EXPECT_EQ(Json(get("/admin/attention").body).text("/items/0/since"), since);
}

TEST_F(OperatorsView, ABackupIsADatabaseWithEverythingInIt) {
  start();
  const auto id = post("kept");
  const auto before = finished(id).dump();
  const auto backup = get("/admin/backup");
  ASSERT_EQ(backup.status, 200);
  EXPECT_EQ(backup.header("content-type"), "application/vnd.sqlite3");
  EXPECT_TRUE(backup.body.starts_with("SQLite format 3"));
  EXPECT_FALSE(std::filesystem::exists(daemon_->database() + ".backup"));
  EXPECT_EQ(daemon_->stop(), 0);
  std::filesystem::remove(daemon_->database() + "-wal");
  write_file(daemon_->database(), backup.body);
  daemon_->start();
  EXPECT_EQ(finished(id).dump(), before);
}

TEST_F(OperatorsView, OneBackupAtATimeAndNoneIsLeftBehind) {
  start({}, {.config = kPatient});
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) post(large + std::to_string(i));
  const auto copy = daemon_->database() + ".backup";
  // A client that takes its time: more than the socket holds is still to come.
  LocalHttp slow(daemon_->socket());
  ASSERT_TRUE(slow.send("GET", "/admin/backup", "", {}));
  ASSERT_TRUE(eventually([&] { return get("/admin/backup").status == 409; }));
  EXPECT_EQ(Json(get("/admin/backup").body).text("/code"), "backup_running");
  const auto whole = slow.receive();
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->status, 200);
  EXPECT_GT(whole->body.size(), 8U << 20);
  // One that goes away.
  {
    LocalHttp gone(daemon_->socket());
    ASSERT_TRUE(gone.send("GET", "/admin/backup", "", {}));
    ASSERT_TRUE(eventually([&] { return get("/admin/backup").status == 409; }));
  }
  EXPECT_TRUE(eventually([&] { return get("/admin/backup").status == 200; }));
  EXPECT_FALSE(std::filesystem::exists(copy));
}

TEST_F(OperatorsView, AnAuditOfASoundDatabaseFindsNothing) {
  start();
  for (int i = 0; i < 3; ++i) post("audited " + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 3; }));
  const auto audit = get("/admin/audit");
  EXPECT_EQ(audit.status, 200);
  EXPECT_EQ(audit.header("content-type"), "application/x-ndjson");
  const Json sum(audit.body);
  EXPECT_EQ(sum.number("/findings"), 0) << audit.body;
  EXPECT_EQ(sum.number("/requests"), 3) << audit.body;
  EXPECT_GE(sum.number("/bodies"), 6) << audit.body;
}

TEST_F(OperatorsView, OthersMayNotLook) {
  if (!is_root()) GTEST_SKIP() << "needs root, to become another user";
  start();
  auto stranger = Process::fork_as(2002, [&] {
    LocalHttp http(daemon_->socket());
    for (const std::string target : {"/admin/", "/admin/attention", "/admin/batches", "/admin/backup", "/admin/audit"})
      if (const auto reply = http.get(target); !reply || reply->status != 403) return 1;
    for (const std::string target : {"/admin/lanes/flush", "/admin/lanes/pause", "/admin/accounts/default/resume"})
      if (const auto reply = http.post(target, ""); !reply || reply->status != 403) return 2;
    const auto described = http.get("/openapi.json");
    return described && described->status == 200 && Json(described->body).text("/info/title") == "batchd" ? 0 : 3;
  });
  EXPECT_EQ(stranger.wait(), 0);
}

}  // namespace
}  // namespace batchd::e2e
