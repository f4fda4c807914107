#include "tests/e2e/judged.h"

#include <set>

#include "proto/json/base64.h"

namespace batchd::e2e {
namespace {

constexpr Milliseconds kLook{50};

// A response is delivered as it came, also where a reader of JSON refuses it: a number beyond its range, a raw NUL.
std::string succeeded_though_unusual(const std::string& body, const std::string& prompt) {
  const auto has = [&](const std::string& part) { return body.find(part) != std::string::npos; };
  return has(R"("state":"succeeded")") && has(json_text("echo: " + prompt)) ? "succeeded" : "unreadable";
}

}  // namespace

std::map<std::string, std::string> judged_times() {
  return {{"accounts.default.connect_timeout", "\"1s\""},
          {"accounts.default.answer_timeout", "\"1s\""},
          {"accounts.default.stall_timeout", "\"1s\""},
          {"submission.quarantine", "\"500ms\""},
          {"submission.throttle_first", "\"200ms\""},
          {"submission.throttle_max", "\"500ms\""},
          {"submission.reconcile_max", "\"200ms\""},
          {"polling.lost_grace", "\"1500ms\""},
          {"polling.output_grace", "\"1500ms\""},
          {"polling.download_grace", "\"1500ms\""},
          {"retry.max", "\"200ms\""}};
}

void JudgedTest::submit(int count) {
  LocalHttp http(daemon_->socket());
  for (int i = 0; i < count; ++i) {
    const auto number = std::to_string(asked_.size());
    Asked asked{.prompt = "question " + number, .id = {}};
    eventually([&] {
      const auto reply = http.post("/v1/requests", submission(asked.prompt), {{"Idempotency-Key", "judged-" + number}});
      if (reply && (reply->status == 202 || reply->status == 200)) asked.id = Json(reply->body).text("/id");
      return !asked.id.empty();
    });
    EXPECT_FALSE(asked.id.empty()) << asked.prompt << " was never accepted";
    asked_.push_back(asked);
  }
}

bool JudgedTest::cancel(std::size_t index) {
  LocalHttp http(daemon_->socket());
  const auto reply = http.call("DELETE", "/v1/requests/" + asked_[index].id);
  const auto status = reply ? reply->status : 0;
  EXPECT_TRUE(status == 200 || status == 409) << "neither cancelled nor over: " << asked_[index].prompt;
  asked_[index].cancelled = status == 200;
  return status == 200;
}

std::int64_t JudgedTest::wait_until_over(Milliseconds patience) {
  std::int64_t held = 0;
  Json status("");
  const bool over = eventually(
      [&] {
        status = daemon_->admin_status();
        held = status.number("/batches/held/items");
        std::int64_t live = 0;
        for (const auto& state : status.members("/batches"))
          if (state != "done" && state != "held") live += status.number("/batches/" + state + "/items", 0);
        const bool waits = status.number("/requests/queued/items") != 0 || live != 0 ||
                           (held == 0 && status.number("/requests/packed/items") != 0);
        if (waits || !status.valid()) breathe(kLook);
        return status.valid() && !waits;
      },
      patience);
  if (over) return held;
  ADD_FAILURE() << "not over: " << status.dump();
  return -1;
}

void JudgedTest::requeue_held() {
  LocalHttp http(daemon_->socket());
  const auto attention = http.get("/admin/attention");
  ASSERT_TRUE(attention);
  for (const auto& item : Json(attention->body).items("/items")) {
    if (item.text("/kind") != "held_batch") continue;
    const auto reply = http.post("/admin/batches/" + item.text("/batch") + "/requeue", "");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200) << reply->body;
  }
}

void JudgedTest::read_answers() {
  ends_.clear();
  LocalHttp http(daemon_->socket());
  for (auto& asked : asked_) {
    const auto reply = http.get("/v1/requests/" + asked.id);
    ASSERT_TRUE(reply && reply->status == 200) << asked.prompt;
    const Json request(reply->body);
    auto end = request.text("/state");
    if (!request.valid()) end = succeeded_though_unusual(reply->body, asked.prompt);
    if (end == "succeeded") {
      const auto bytes = json::base64_decode(request.text("/response_base64"));  // of a response that is no JSON
      const bool own = !request.valid() || answer_text(request) == "echo: " + asked.prompt ||
                       (bytes && bytes->find(json_text("echo: " + asked.prompt)) != std::string::npos);
      const auto text = answer_text(request);
      const bool without_words = text.empty() || text.starts_with("{\"answer\":\"echo: " + asked.prompt + "\"");
      EXPECT_TRUE(own || (wordless_ && without_words)) << request.dump().substr(0, 2000);
    } else if (request.has("/error/code")) {
      end += " " + std::to_string(request.number("/error/code"));
    }
    ++ends_[end];
    asked.end = std::move(end);
  }
}

int JudgedTest::retry_failed() {
  LocalHttp http(daemon_->socket());
  int again = 0;
  for (auto& asked : asked_) {
    if (!asked.end.starts_with("failed") && !asked.end.starts_with("expired")) continue;
    const auto reply = http.post("/v1/requests/" + asked.id + "/retry", "");
    const bool accepted = reply && reply->status == 202;
    EXPECT_TRUE(accepted) << (reply ? reply->body : "no answer");
    if (!accepted) continue;
    asked.id = Json(reply->body).text("/id");
    ++again;
  }
  retries_ += again;
  return again;
}

std::int64_t JudgedTest::possibly_charged() {
  LocalHttp http(daemon_->socket());
  std::int64_t sum = 0;
  for (std::string cursor;;) {
    const auto reply = http.get("/admin/batches?limit=500" + (cursor.empty() ? cursor : "&cursor=" + cursor));
    if (!reply || reply->status != 200) return -1;
    const Json page(reply->body);
    for (const auto& batch : page.items("/batches")) sum += batch.number("/lines/possibly_charged", 0);
    cursor = page.text("/next");
    if (cursor.empty()) return sum;
  }
}

void JudgedTest::judge() {
  const auto status = daemon_->admin_status();
  EXPECT_EQ(status.number("/accepted"), static_cast<std::int64_t>(asked_.size()) + retries_);
  EXPECT_TRUE(status.flag("/balanced")) << status.dump();

  // A late job may still run: it is judged when it has ended.
  auto& ledger = emulator_->ledger();
  EXPECT_TRUE(eventually([&] { return ledger.count("job") <= ledger.count("end") + ledger.count("delete"); }));
  std::set<std::string> touched;  // told as executed, in whatever way
  for (const auto& row : ledger.rows())
    if (row.event == "line" && (row.billed != "not billed" || row.delivered == "error"))
      touched.insert(row.prompt_sha256);
  const auto executed = ledger.lines("billed");
  const auto withheld = ledger.lines("withheld");
  std::int64_t taken = 0;  // what the ledger calls damaged was an answer all the same, or not waited for any more
  std::vector<std::string> expected;
  for (const auto& asked : asked_) {
    const auto digest = prompt_digest(asked.prompt);
    if (!asked.cancelled || touched.contains(digest)) expected.push_back(digest);
    if (!withheld.contains(digest)) continue;
    if (asked.cancelled || (asked.end == "succeeded" && !executed.contains(digest))) ++taken;
  }
  const auto verdict = audit(folder_, expected);
  ASSERT_TRUE(verdict.report.valid());
  for (const std::string kind : {"lost", "billed_twice", "unknown", "orphans"})
    EXPECT_TRUE(excused_.find(kind) != std::string::npos || verdict.count(kind) == 0)
        << kind << ": " << verdict.report.dump();
  EXPECT_TRUE(!excused_.empty() || verdict.exit_code == 0);
  EXPECT_LE(verdict.report.number("/withheld_lines"), possibly_charged() + taken) << "paid for, and not in the books";
}

}  // namespace batchd::e2e
