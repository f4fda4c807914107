// Every damage is found, and named by ids alone.
#include <algorithm>

#include "tests/storage/sqlite/raw_sqlite.h"
#include "tests/storage/sqlite/sqlite_stories.h"

namespace batchd::storage::testing {
namespace {

struct Report {
  std::int64_t checked = 0;
  int calls = 0;
  std::vector<std::string> findings;
};

class Audit : public SqliteStories {
 protected:
  template <class Step>
  Report walk_all(Step step) {
    Report report;
    for (std::int64_t after = 0;;) {
      const auto seen = must([&](Store& s) { return (s.*step)(after); });
      ++report.calls;
      report.checked += seen.checked;
      report.findings.insert(report.findings.end(), seen.findings.begin(), seen.findings.end());
      if (!seen.next) return report;
      EXPECT_GT(*seen.next, after);
      after = *seen.next;
    }
  }
  Report bodies() { return walk_all(&Store::audit_bodies); }
  Report requests() { return walk_all(&Store::audit_requests); }
  void damage(const std::string& sql) {
    store_.reset();
    {
      Raw raw(path());
      ASSERT_EQ(raw.run(sql), SQLITE_OK) << sql;
      ASSERT_NE(raw.ask("SELECT total_changes()"), "0") << "nothing was damaged: " << sql;
    }
    store_ = factory_->open();
  }
  // One request in each state, one of them of a group; some with several chunks.
  void fill() {
    succeeded_ = accept(kAnna, "{\"secret\":1}");
    failed_ = accept(kAnna);
    const auto batch = collecting_batch({kAnna});
    const std::vector outcomes{success(succeeded_), line_error(failed_, ErrorClass::invalid, false)};
    must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
    step(batch, BatchState::done);
    auto large = request(kAnna, "");
    large.spooled = must([](Store& s) { return s.spool_begin(SpoolPurpose::request, kAnna); });
    must([&](Store& s) { return s.spool_append(large.spooled, std::string(kChunkBytesMax, 'l')); });
    must([&](Store& s) { return s.spool_append(large.spooled, "secret tail"); });
    packed_ = must([&](Store& s) { return s.accept(large, now_); }).id;
    live_ = sealed_batch({kAnna});
    cancelled_ = accept(kAnna);
    must([&](Store& s) { return s.cancel(kAnna, cancelled_, now_); });
    const std::vector lines{GroupLine{1, "d", request(kBob, "{}")}};
    queued_ = must([&](Store& s) { return s.accept_lines(kBob, "g", lines, now_); }).front().id;
  }
  std::string of(RequestId id) const { return " WHERE id = " + std::to_string(id.value()); }

  RequestId succeeded_, failed_, packed_, cancelled_, queued_;
  BatchId live_;
};

TEST_F(Audit, AWholeStoreHasNoFindings) {
  fill();
  const auto by_body = bodies();
  EXPECT_EQ(by_body.findings, std::vector<std::string>{});
  EXPECT_EQ(by_body.checked, 7);
  EXPECT_GT(by_body.calls, 1) << "more than a MiB";
  const auto by_request = requests();
  EXPECT_EQ(by_request.findings, std::vector<std::string>{});
  EXPECT_EQ(by_request.checked, 5);
  accept_many(kAnna, 1000);
  EXPECT_GT(requests().calls, 2);
  EXPECT_EQ(requests().checked, 1005);
}

TEST_F(Audit, ChangedBytesAreFound) {
  fill();
  const auto body = view(kAnna, packed_).body.id;
  damage("UPDATE chunk SET data = CAST('Secret tail' AS BLOB) WHERE id = " + std::to_string(body.value() * 512 + 1));
  const auto report = bodies();
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0], "body " + std::to_string(body.value()) + ", chunk 1: bytes don't match their digest");
  EXPECT_EQ(report.checked, 7) << "it goes on after a finding";
  EXPECT_TRUE(requests().findings.empty());
}

TEST_F(Audit, EveryContradictionBetweenRowsIsFound) {
  fill();
  const auto chunk = [](const BodyRef& body, int index) { return std::to_string(body.id.value() * 512 + index); };
  const auto body = view(kAnna, packed_).body;
  const auto result = view(kAnna, succeeded_).result;
  struct Case {
    std::string damage;
    RequestId of;
    const char* words;
  };
  const std::array cases{
      Case{"DELETE FROM chunk WHERE id = " + chunk(body, 1), packed_, "its body"},
      Case{"DELETE FROM chunk WHERE id = " + chunk(body, 0), packed_, "its body"},
      Case{"UPDATE chunk SET id = id + 1 WHERE id = " + chunk(body, 1), packed_, "its body"},
      Case{"UPDATE chunk SET data = CAST('cut' AS BLOB) WHERE id = " + chunk(body, 1), packed_, "its body"},
      Case{"DELETE FROM chunk WHERE id = " + chunk(result, 0), succeeded_, "its result"},
      Case{"UPDATE request SET value_bytes = 1000" + of(succeeded_), succeeded_, "isn't within its result"},
      Case{"UPDATE request SET result = NULL" + of(succeeded_), succeeded_, "without a result"},
      Case{"UPDATE request SET error_code = NULL" + of(failed_), failed_, "without an error"},
      Case{"UPDATE request SET completion = NULL" + of(failed_), failed_, "completion number"},
      Case{"UPDATE request SET finished_at = NULL" + of(cancelled_), cancelled_, "time of finishing"},
      Case{"DELETE FROM batch" + of(RequestId{live_.value()}), packed_, "is missing"},
      Case{"UPDATE batch SET state = 15" + of(RequestId{live_.value()}), packed_, "its batch is done"},
      Case{"UPDATE request SET batch = NULL" + of(packed_), packed_, "in no batch"},
      Case{"UPDATE request SET batch = " + std::to_string(live_.value()) + of(queued_), queued_, "in a batch"},
      Case{"UPDATE request SET state = 9" + of(queued_), queued_, "no such state"},
      Case{"UPDATE request SET lane = 99" + of(queued_), queued_, "its lane"},
      Case{"DELETE FROM request_group", queued_, "its group"},
  };
  store_.reset();
  const auto whole = path() + ".whole";
  std::filesystem::copy_file(path(), whole);
  for (const auto& [sql, id, words] : cases) {
    store_.reset();
    std::filesystem::copy_file(whole, path(), std::filesystem::copy_options::overwrite_existing);
    store_ = factory_->open();
    damage(sql);
    const auto findings = requests().findings;
    ASSERT_EQ(findings.size(), 1U) << sql;
    EXPECT_EQ(findings[0].find("request " + to_text(id) + ": "), 0U) << findings[0];
    EXPECT_NE(findings[0].find(words), std::string::npos) << findings[0];
    EXPECT_EQ(findings[0].find("ecret"), std::string::npos);
  }
}

TEST_F(Audit, ASuspiciousRequestOfAnOwnerWhoIsntIsFound) {
  const auto id = accept(kAnna);
  const auto batch = sealed_batch({kAnna});
  walk(batch, {BatchState::uploading, BatchState::uploaded, BatchState::creating, BatchState::refused});
  must([&](Store& s) { return s.suspect_members(batch, now_); });
  EXPECT_EQ(requests().findings, std::vector<std::string>{});
  damage("DELETE FROM suspicion");
  EXPECT_EQ(requests().findings, std::vector{"request " + to_text(id) + ": suspicious, but its owner isn't"});
}

TEST_F(Audit, UploadsWithoutTheirBatchAreFound) {
  fill();
  accept_many(kAnna, 600);
  const auto live = std::to_string(live_.value());
  const std::string numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) ";
  damage(numbers + "INSERT INTO upload SELECT " + live + ", i, 'secret' FROM n");
  EXPECT_EQ(requests().findings, std::vector<std::string>{});
  // Of batches before, between and behind all requests; the last two have more rows than one call looks at.
  damage(numbers + "INSERT INTO upload SELECT i, 1, 'secret' FROM n");
  damage("INSERT INTO upload VALUES(" + live + " + 1, 1, 'secret'), (" + live + " + 1, 2, 'secret')");
  damage(numbers + "INSERT INTO upload SELECT 9223372036854775806, i, 'secret' FROM n");
  damage(numbers + "INSERT INTO upload SELECT 9223372036854775807, i, 'secret' FROM n");
  std::vector<std::string> expected;
  const auto missing = [&](std::int64_t id) {
    expected.push_back("batch " + to_text(BatchId{id}) + ": it has uploads, but is missing");
  };
  for (int i = 1; i <= 600; ++i) missing(i);
  missing(live_.value() + 1);
  missing(INT64_MAX - 1);
  missing(INT64_MAX);
  const auto report = requests();
  EXPECT_EQ(report.findings, expected) << "each once";
  EXPECT_EQ(report.checked, 605) << "no request twice";
  EXPECT_EQ(bodies().findings, std::vector<std::string>{}) << "a pass in more steps still knows all owners";
}

TEST_F(Audit, ABodyThatNobodyOwnsIsFound) {
  fill();
  const auto body = view(kAnna, packed_).body.id.value();
  const auto old = view(kAnna, succeeded_);
  damage("UPDATE request SET result = NULL, body = 1000000" + of(succeeded_));
  damage("DELETE FROM request" + of(packed_));
  requests();
  const auto report = bodies();
  std::vector<std::string> expected;
  for (const auto orphan : {old.body.id.value(), old.result.id.value(), body})
    expected.push_back("body " + std::to_string(orphan) + ": no request and no result owns it");
  std::ranges::sort(expected);
  auto findings = report.findings;
  std::ranges::sort(findings);
  EXPECT_EQ(findings, expected) << "each once, however many chunks it has";
  EXPECT_EQ(report.checked, 7);
  EXPECT_TRUE(bodies().findings.empty()) << "without the walk over the requests nobody knows";
}

TEST_F(Audit, WhatComesAndGoesWhileItWalksHasAnOwner) {
  fill();
  accept_many(kAnna, 600);
  const auto upload = must([](Store& s) { return s.spool_begin(SpoolPurpose::request, kAnna); });
  must([&](Store& s) { return s.spool_append(upload, std::string(kChunkBytesMax, 'u')); });
  const auto first = must([&](Store& s) { return s.audit_requests(0); });
  ASSERT_TRUE(first.next);
  must([&](Store& s) { return s.audit_requests(*first.next); });  // made twice, as after a group that was lost
  for (auto after = first.next; after; after = must([&](Store& s) { return s.audit_requests(*after); }).next) {
  }
  // The walk has met neither of these: a stage that becomes a body, and a body that is younger.
  auto adopted = request(kAnna, "");
  adopted.spooled = upload;
  must([&](Store& s) { return s.accept(adopted, now_); });
  accept_many(kAnna, 10);
  EXPECT_EQ(bodies().findings, std::vector<std::string>{});
}

TEST_F(Audit, GarbageIsNoOrphan) {
  auto large = request(kAnna, "");
  large.spooled = must([](Store& s) { return s.spool_begin(SpoolPurpose::request, kAnna); });
  for (int i = 0; i < 12; ++i)
    must([&](Store& s) { return s.spool_append(large.spooled, std::string(kChunkBytesMax, 'g')); });
  must([&](Store& s) { return s.spool_discard(large.spooled); });
  requests();
  EXPECT_EQ(bodies().findings, std::vector<std::string>{});
}

// A walk that was broken off, and one that another began in between, accuse nobody.
TEST_F(Audit, AnUnfinishedWalkAccusesNobody) {
  fill();
  accept_many(kAnna, 600);
  const auto begun = must([&](Store& s) { return s.audit_requests(0); });
  EXPECT_EQ(bodies().findings, std::vector<std::string>{});
  const auto mine = must([&](Store& s) { return s.audit_requests(*begun.next); });
  must([&](Store& s) { return s.audit_requests(0); });
  for (auto after = mine.next; after; after = must([&](Store& s) { return s.audit_requests(*after); }).next) {
  }
  EXPECT_EQ(bodies().findings, std::vector<std::string>{});
}

}  // namespace
}  // namespace batchd::storage::testing
