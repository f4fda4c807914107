// All promises at once: three users, thousands of requests, a provider that loses, repeats, swaps and breaks things,
// and a daemon that is killed five times. At the end every caller has the answers to its own prompts, no prompt was
// paid for twice, no user saw another's data, and the balance closes.
//
// tests/harness/size.h sets the number of requests.
#include <algorithm>
#include <utility>

#include "storage/sqlite/store.h"
#include "tests/e2e/storm_clients.h"
#include "tests/harness/size.h"

namespace batchd::e2e {
namespace {

// Line faults hit a prompt's first execution only: what the daemon sends again must then succeed. Creates are struck by
// number, so that no lineage of batches meets its limit of three fences by bad luck.
constexpr const char* kFaults = R"({"seed": 20250101, "rules": [
  {"on": "create", "do": "withhold", "seconds": 30, "nth": 2},
  {"on": "create", "do": "reset_before", "nth": 4},
  {"on": "create", "do": "reset_after", "nth": 6},
  {"on": "create", "do": "status", "status": 503, "nth": 8},
  {"on": "create", "do": "withhold", "seconds": 30, "nth": 10},
  {"on": "create", "do": "reset_before", "nth": 12},
  {"on": "create", "do": "reset_after", "nth": 14},
  {"on": "create", "do": "status", "status": 429, "nth": 15},
  {"on": "create", "do": "delay", "ms": 0},
  {"on": "upload_chunk", "do": "reset_before", "every": 5},
  {"on": "upload_chunk", "do": "reset_after", "every": 7},
  {"on": "upload_start", "do": "reset_after", "every": 6},
  {"on": "download", "do": "truncate", "every": 6},
  {"on": "any", "do": "status", "status": 503, "probability": 0.07},
  {"on": "any", "do": "reset_after", "probability": 0.02},
  {"on": "job", "do": "expire", "nth": 3},
  {"on": "job", "do": "shuffle"},
  {"on": "line", "do": "missing", "every": 29, "first_attempt_only": true},
  {"on": "line", "do": "garbage", "every": 31, "first_attempt_only": true},
  {"on": "line", "do": "no_key", "every": 37, "first_attempt_only": true},
  {"on": "line", "do": "error", "code": 13, "every": 23, "first_attempt_only": true},
  {"on": "line", "do": "duplicate", "every": 19, "first_attempt_only": true},
  {"on": "line", "do": "foreign", "every": 17, "first_attempt_only": true},
  {"on": "line", "do": "swap_foreign_batch", "every": 13, "first_attempt_only": true}
]})";

constexpr std::pair<const char*, const char*> kTroubles[] = {
    {"create", "withhold"},    {"create", "reset_before"},
    {"create", "reset_after"}, {"upload_chunk", "reset_before"},
    {"download", "truncate"},  {"job", "shuffle"},
    {"job", "expire"},         {"line", "missing"},
    {"line", "garbage"},       {"line", "no_key"},
    {"line", "error"},         {"line", "duplicate"},
    {"line", "foreign"},       {"line", "swap_foreign_batch"},
};

int requested_size() { return harness::requests_of(2'000, 5'000); }

class Storm : public E2eTest {
 protected:
  std::int64_t accepted() const { return daemon_->admin_status().number("/accepted"); }

  // One kill -9 at the moment when `happened` is first seen.
  void kill_when(const char* moment, const std::function<bool()>& happened) {
    ASSERT_TRUE(eventually(happened)) << moment << " never came";
    daemon_->restart();
  }
  void kill_after_more(std::string_view event) {
    const auto before = emulator_->ledger().count(event);
    kill_when(std::string(event).c_str(), [&] { return emulator_->ledger().count(event) > before; });
  }

  void expect_every_prompt_billed_once(const Crowd& crowd) {
    const auto billed = emulator_->ledger().lines("billed");
    EXPECT_EQ(billed.size(), static_cast<std::size_t>(crowd.requests()));
    int unpaid = 0, paid_twice = 0;
    crowd.for_each_prompt([&](const std::string& prompt) {
      const auto found = billed.find(prompt_digest(prompt));
      if (found == billed.end())
        ++unpaid;
      else if (found->second > 1)
        ++paid_twice;
    });
    EXPECT_EQ(unpaid, 0);
    EXPECT_EQ(paid_twice, 0);
  }

  // The daemon must have stopped: what it booked is in its database only.
  std::int64_t possibly_charged() {
    auto store = storage::open_sqlite({.path = daemon_->database()});
    if (!store || !(*store)->begin_transaction()) return -1;
    std::int64_t sum = 0;
    const core::BatchState done[] = {core::BatchState::done};
    for (core::BatchId after;;) {
      const auto page = (*store)->list_batches(done, after, 500);
      if (!page) return -1;
      for (const auto& batch : *page) sum += batch.lines.possibly_charged;
      if (page->size() < 500) return sum;
      after = page->back().id;
    }
  }
};

TEST_F(Storm, EverybodyGetsTheirOwnAnswerAndNothingIsPaidTwice) {
  const auto max_items = std::to_string(std::max(requested_size() / 25, 1));  // enough batches for every fault
  start({.job_seconds = 0.3, .faults = kFaults},
        {.config = {{"packing.max_items", max_items}, {"log.level", "\"info\""}}});
  Crowd crowd(folder_, daemon_->socket(), requested_size());
  crowd.start();

  kill_when("a tenth accepted", [&] { return accepted() * 10 >= crowd.requests(); });
  kill_when("half accepted", [&] { return accepted() * 2 >= crowd.requests(); });
  kill_after_more("job");
  kill_after_more("download");
  kill_after_more("upload");

  if (HasFatalFailure()) return;

  crowd.expect_everybody_is_content();
  crowd.expect_nobody_sees_the_others();

  const auto status = daemon_->admin_status();
  EXPECT_EQ(status.number("/accepted"), crowd.requests());
  EXPECT_EQ(status.number("/requests/succeeded/items"), crowd.requests());
  EXPECT_TRUE(status.flag("/balanced"));
  EXPECT_EQ(status.number("/batches/held/items"), 0);

  expect_every_prompt_billed_once(crowd);
  std::int64_t withheld = 0;
  for (const auto& [digest, count] : emulator_->ledger().lines("withheld")) withheld += count;
  EXPECT_GT(withheld, 0) << "the provider lost nothing: no storm";
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_LE(withheld, possibly_charged()) << "lost money that isn't in the books";

  // The storm did blow: each kind of trouble happened.
  for (const auto& [on, action] : kTroubles)
    EXPECT_GT(emulator_->ledger().count_faults(on, action), 0U) << on << " " << action;
  for (const std::string event : {"job_adopted", "to=fenced"})
    EXPECT_NE(daemon_->log().find(event), std::string::npos) << event << " never happened";
}

}  // namespace
}  // namespace batchd::e2e
