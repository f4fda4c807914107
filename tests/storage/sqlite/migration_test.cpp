// What rows of older schemas become.
#include <array>

#include "core/ids.h"
#include "tests/storage/sqlite/old_database.h"

namespace batchd::storage::testing {
namespace {

class MigrationTo4 : public OldDatabase {};

TEST_F(MigrationTo4, BatchesKeepWhatWasSaidOfTheirEnds) {
  struct Case {
    const char* columns;  // state, end, end_code, refusal, message
    std::optional<RequestError> error;
    FailedFor failed_for = FailedFor::refused;
  };
  const auto told = [](ErrorClass kind, int code, const char* status, const char* message) {
    return RequestError{
        .kind = kind, .code = code, .status = status, .message = message, .source = ErrorSource::provider};
  };
  using enum ErrorClass;
  const std::vector<Case> cases{
      {"1, NULL, 0, 0, ''", std::nullopt},
      {"12, NULL, 0, 0, 'held: ask somebody'", std::nullopt},
      {"13, 1, 0, 0, ''", std::nullopt},
      {"15, 1, 0, 0, 'held: no result file'", std::nullopt},
      {"14, 2, 3, 0, 'bad'", told(invalid, 3, "INVALID_ARGUMENT", "bad")},
      {"13, 2, 4, 0, 'late'", told(expired, 4, "DEADLINE_EXCEEDED", "late"), FailedFor::trouble},
      {"13, 2, 8, 0, 'full'", told(exhausted, 8, "RESOURCE_EXHAUSTED", "full"), FailedFor::trouble},
      {"13, 2, 13, 0, ''", told(internal, 13, "INTERNAL", ""), FailedFor::trouble},
      {"13, 2, 14, 0, 'down'", told(unavailable, 14, "UNAVAILABLE", "down"), FailedFor::trouble},
      {"13, 2, 2, 0, 'what'", told(other, 2, "UNKNOWN", "what")},
      {"13, 2, 77, 0, 'what'", told(other, 77, "UNKNOWN", "what")},
      {"9, 2, 16, 1, 'who'", told(denied, 16, "UNAUTHENTICATED", "who")},
      // As those releases told the requests' owners if the provider gave no code.
      {"9, 2, 0, 1, 'oh'", told(internal, 13, "INTERNAL", "oh")},
      {"13, 2, 0, 0, ''", std::nullopt},
      {"13, 3, 0, 0, 'stopped'", told(cancelled, 1, "CANCELLED", "stopped")},
      {"13, 3, 0, 0, ''", std::nullopt},
      {"13, 4, 0, 0, 'too old'", told(expired, 4, "DEADLINE_EXCEEDED", "too old")},
      {"9, NULL, 0, 1, 'line 7'", told(invalid, 3, "INVALID_ARGUMENT", "line 7")},
      {"15, NULL, 0, 2, 'lines 7, 8'", told(invalid, 3, "INVALID_ARGUMENT", "lines 7, 8")},
      {"9, NULL, 0, 3, 'no such model'", told(not_found, 5, "NOT_FOUND", "no such model")},
  };
  std::string sql;
  for (std::size_t i = 0; i < cases.size(); ++i)
    sql +=
        "INSERT INTO batch(id, lane, reason, root, created_at, state_since, state, end, end_code, refusal, message)"
        " VALUES(" +
        std::to_string(i + 1) + ", 1, 1, " + std::to_string(i + 1) + ", 0, 0, " + cases[i].columns + ");";
  make_old(sql);
  const auto store = open();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].columns);
    const BatchId id{static_cast<std::int64_t>(i + 1)};
    const auto batch = commit(*store, [&](Store& s) { return s.get_batch(id); }).value();
    EXPECT_EQ(batch.failed_for, cases[i].failed_for);
    ASSERT_EQ(batch.error.has_value(), cases[i].error.has_value());
    if (!batch.error) continue;
    EXPECT_EQ(batch.error->kind, cases[i].error->kind);
    EXPECT_EQ(batch.error->code, cases[i].error->code);
    EXPECT_EQ(batch.error->status, cases[i].error->status);
    EXPECT_EQ(batch.error->message, cases[i].error->message);
    EXPECT_EQ(batch.error->http_status, 0);
    EXPECT_EQ(batch.error->body, "");
    EXPECT_EQ(batch.error->source, ErrorSource::provider);
    EXPECT_EQ(batch.message, cases[i].error->message) << "for people it stays";
  }
}

TEST_F(MigrationTo4, EveryUploadHasItsName) {
  make_old(many_batches() + "INSERT INTO strange_job VALUES('theirs', 'their tag', 'default', 5, 0);");
  const auto store = open();
  for (int i = 0; i < kManyBatches; ++i) {
    SCOPED_TRACE(i);
    const BatchId id{kFirstOfMany + i};
    const auto batch = commit(*store, [&](Store& s) { return s.get_batch(id); }).value();
    std::vector<std::string> names;
    for (int n = 1; n <= i % 4; ++n) names.push_back("files/" + upload_name(id, n));
    ASSERT_EQ(commit(*store, [&](Store& s) { return s.list_inputs(id); }).value(), names);
    ASSERT_EQ(batch.state, static_cast<BatchState>(i % 16));
    ASSERT_EQ(batch.upload_n, i % 4);
    ASSERT_EQ(batch.input_file, names.empty() ? "" : names.back());
    ASSERT_EQ(batch.upload_variant, i % 3);
    ASSERT_EQ(batch.tag, "t" + std::to_string(i));
    ASSERT_EQ(batch.job, "job-" + std::to_string(i));
    ASSERT_EQ(batch.message, "said " + std::to_string(i));
    ASSERT_EQ(batch.results, i % 2 == 0 ? std::vector<std::string>{} : std::vector{"files/r" + std::to_string(i)});
    ASSERT_TRUE(commit(*store, [&](Store& s) { return s.find_by_tag(batch.tag); }).value());
    ASSERT_TRUE(commit(*store, [&](Store& s) { return s.knows_job("default", batch.job); }).value());
  }
  const auto strange = commit(*store, [](Store& s) { return s.list_strange_jobs(); }).value();
  ASSERT_EQ(strange.size(), 1U);
  EXPECT_EQ(strange[0].tag, "their tag");
}

TEST_F(MigrationTo4, OldErrorsOfRequestsAreReadWithTheirClass) {
  using enum ErrorClass;
  const std::vector<std::pair<int, ErrorClass>> codes{
      {0, other},        {1, cancelled},  {2, other},   {3, invalid}, {4, expired},  {5, not_found}, {6, other},
      {7, denied},       {8, exhausted},  {9, invalid}, {10, other},  {11, invalid}, {12, invalid},  {13, internal},
      {14, unavailable}, {15, data_lost}, {16, denied}, {17, other},  {-1, other},   {500, other}};
  std::string sql;
  for (std::size_t i = 0; i < codes.size(); ++i)
    sql +=
        "INSERT INTO request(id, owner, lane, state, body, body_bytes, tokens, client_key, created_at, queued_at,"
        " finished_at, error_code, error_status, error_message, error_source, completion) VALUES(" +
        std::to_string(i + 1) + ", 1001, 1, 3, 1, 2, 5, '', 0, 0, 1, " + std::to_string(codes[i].first) +
        ", 'ITS_WORD', 'its message', " + std::to_string(1 + i % 2) + ", " + std::to_string(i + 1) + ");";
  sql +=
      "INSERT INTO request(id, owner, lane, state, body, body_bytes, tokens, client_key, created_at, queued_at)"
      " VALUES(99, 1001, 1, 0, 1, 2, 5, '', 0, 0);";
  make_old(sql);
  const auto store = open();
  const auto error_of = [&](std::int64_t id) {
    return commit(*store, [&](Store& s) { return s.find_request(kAnna, RequestId{id}); }).value().error;
  };
  for (std::size_t i = 0; i < codes.size(); ++i) {
    SCOPED_TRACE(codes[i].first);
    const auto error = error_of(static_cast<std::int64_t>(i + 1));
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind, codes[i].second);
    EXPECT_EQ(error->code, codes[i].first);
    EXPECT_EQ(error->status, "ITS_WORD");
    EXPECT_EQ(error->message, "its message");
    EXPECT_EQ(error->http_status, 0);
    EXPECT_EQ(error->body, "");
    EXPECT_EQ(error->source, static_cast<ErrorSource>(1 + i % 2));
  }
  EXPECT_FALSE(error_of(99).has_value());
}

TEST_F(MigrationTo4, ADatabaseWithoutBatchesIsDoneAtOnce) {
  make_old("");
  open().reset();
  EXPECT_EQ(Raw(path()).ask("SELECT count(*) FROM meta WHERE name = 'migration_cursor'"), "0");
  EXPECT_EQ(Raw(path()).ask("PRAGMA user_version"), std::to_string(migrations().size()));
}

class MigrationTo5 : public OldDatabase {
 protected:
  Batch batch_of(std::int64_t id) {
    return commit(*store_, [&](Store& s) { return s.get_batch(BatchId{id}); }).value();
  }
  // Returns the sealed children of a batch whose split is brought to its end.
  std::vector<Batch> finish_split(std::int64_t id, SplitRule rule) {
    while (!commit(*store_, [&](Store& s) { return s.split(BatchId{id}, rule, kStart); }).value().finished) {
    }
    std::vector<Batch> children;
    const std::array sealed{BatchState::sealed};
    for (auto& batch : commit(*store_, [&](Store& s) { return s.list_batches(sealed, {}, 500); }).value())
      if (batch.parent == BatchId{id}) children.push_back(batch);
    return children;
  }
  std::unique_ptr<TransactionalStore> store_;
};

TEST_F(MigrationTo5, LanesKeepWhatWasLearned) {
  make_old(splits_of_version_4(), 4);
  store_ = open();
  const auto load = commit(*store_, [](Store& s) { return s.lane_load(LaneId{1}); }).value();
  EXPECT_DOUBLE_EQ(load.learned.ratio, 1.25);
  EXPECT_EQ(load.learned.allowance, 77);
  EXPECT_EQ(load.learned.since, WallTime{Duration{5}});
  store_.reset();
  EXPECT_EQ(Raw(path()).ask("SELECT made_by || ' ' || suspicious FROM lane"), "1001 0");
  EXPECT_EQ(Raw(path()).ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%lane_of_5%'"), "0");
}

TEST_F(MigrationTo5, CreatesAreChargedToTheRootAsBefore) {
  make_old(splits_of_version_4(), 4);
  store_ = open();
  for (const auto id : {20, 21, 22}) {
    EXPECT_EQ(batch_of(id).part, BatchId{20}) << id;
    EXPECT_EQ(batch_of(id).creates, 9) << id;
    EXPECT_FALSE(batch_of(id).suspicious);
    EXPECT_FALSE(batch_of(id).unexplained_since);
  }
  const auto marked = commit(
      *store_, [](Store& s) { return s.mark(BatchId{21}, BatchState::uploaded, BatchState::creating, {}, kStart); });
  EXPECT_EQ(marked.value().creates, 10);
  EXPECT_EQ(batch_of(20).creates, 10);
}

TEST_F(MigrationTo5, ACutByOwnerComesToItsEnd) {
  make_old(splits_of_version_4(), 4);
  store_ = open();
  const auto children = finish_split(30, SplitRule::halve);
  ASSERT_EQ(children.size(), 4U);
  EXPECT_EQ(children[0].id, BatchId{31});
  EXPECT_EQ(children[0].items, 2);
  EXPECT_EQ(children[1].id, BatchId{32});
  EXPECT_EQ(children[1].items, 3) << "Bob's others join his first";
  EXPECT_EQ(children[2].items, 1);
  for (const auto& child : children) {
    const auto owners = commit(*store_, [&](Store& s) { return s.count_owners(child.id); }).value();
    EXPECT_EQ(owners.all, 1);
    EXPECT_EQ(child.part, child.id);
    EXPECT_EQ(child.creates, 2);
  }
  EXPECT_EQ(batch_of(30).state, BatchState::done);
  EXPECT_TRUE(commit(*store_, [](Store& s) { return s.counts(); }).value().balanced());
}

TEST_F(MigrationTo5, AHalvingComesToItsEnd) {
  make_old(splits_of_version_4(), 4);
  store_ = open();
  const auto children = finish_split(40, SplitRule::halve_owners);
  ASSERT_EQ(children.size(), 2U);
  EXPECT_EQ(children[0].id, BatchId{41});
  for (const auto& child : children) {
    EXPECT_EQ(child.items, 3);
    EXPECT_EQ(child.part, BatchId{40});
    EXPECT_EQ(child.creates, 1);
  }
}

}  // namespace
}  // namespace batchd::storage::testing
