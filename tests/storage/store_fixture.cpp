#include "tests/storage/store_fixture.h"

#include <unistd.h>

namespace batchd::storage::testing {

RequestError said(ErrorClass kind, std::string message) {
  auto error = own_error(kind, std::move(message));
  error.source = ErrorSource::provider;
  return error;
}

TemporaryFolder::TemporaryFolder() {
  auto name = (std::filesystem::temp_directory_path() / "batchd-store-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

NewRequest StoreStories::request(OwnerId owner, const std::string& body, std::int64_t tokens, Lane lane) const {
  NewRequest fresh;
  fresh.owner = owner;
  fresh.lane = std::move(lane);
  fresh.body = body;
  fresh.tokens = tokens;
  return fresh;
}

RequestId StoreStories::accept(OwnerId owner, const std::string& body, std::int64_t tokens, Lane lane) {
  return must([&](Store& s) { return s.accept(request(owner, body, tokens, lane), now_); }).id;
}

std::vector<RequestId> StoreStories::accept_many(OwnerId owner, int count) {
  std::vector<RequestId> ids;
  CHECK(store_->begin_transaction().has_value());
  for (int i = 0; i < count; ++i) {
    store_->begin_verb();
    ids.push_back(store_->accept(request(owner, "{\"n\":" + std::to_string(i) + "}"), now_).value().id);
    store_->end_verb(true);
  }
  CHECK(store_->commit_transaction().has_value());
  return ids;
}

LaneId StoreStories::only_lane() {
  const auto queues = must([](Store& s) { return s.summarise_queue(); });
  CHECK(queues.size() == 1);
  return queues.front().id;
}

BatchId StoreStories::open_batch() {
  const auto lane = only_lane();
  return must([&](Store& s) { return s.open_batch(lane, SealReason::age, now_); });
}

Claimed StoreStories::claim(BatchId batch, OwnerId owner, ClaimLimit limit) {
  return must([&](Store& s) { return s.claim(batch, owner, limit, std::nullopt, now_); });
}

BatchId StoreStories::sealed_batch(std::vector<OwnerId> owners) {
  const auto batch = open_batch();
  for (const auto owner : owners)
    while (claim(batch, owner).more) {
    }
  must([&](Store& s) { return s.seal(batch, now_); });
  return batch;
}

Batch StoreStories::step(BatchId batch, BatchState to, const BatchPatch& patch) {
  const auto from = must([&](Store& s) { return s.get_batch(batch); }).state;
  return must([&](Store& s) { return s.mark(batch, from, to, patch, now_); });
}

Batch StoreStories::walk(BatchId batch, std::initializer_list<BatchState> states) {
  Batch last;
  for (const auto state : states) last = step(batch, state);
  return last;
}

BatchId StoreStories::submitted_batch(std::vector<OwnerId> owners) {
  using enum BatchState;
  const auto batch = sealed_batch(std::move(owners));
  walk(batch, {uploading, uploaded, creating});
  BatchPatch job;
  job.job = "jobs/1";
  job.submitted_at = now_;
  step(batch, submitted, job);
  return batch;
}

BatchId StoreStories::collecting_batch(std::vector<OwnerId> owners, JobEnd end) {
  const auto batch = submitted_batch(std::move(owners));
  BatchPatch over;
  over.end = end;
  over.ended_at = now_;
  step(batch, BatchState::ended, over);
  step(batch, BatchState::collecting);
  return batch;
}

BatchId StoreStories::finish(std::vector<OwnerId> owners, const std::vector<RequestId>& ids) {
  const auto batch = collecting_batch(std::move(owners));
  std::vector<RequestOutcome> outcomes;
  for (const auto id : ids) outcomes.push_back(success(id));
  must([&](Store& s) { return s.record_outcomes(batch, outcomes, 3, now_); });
  step(batch, BatchState::done);
  return batch;
}

RequestOutcome StoreStories::success(RequestId id, const std::string& line) const {
  RequestOutcome outcome;
  outcome.request = id;
  outcome.success = true;
  outcome.line = line;
  outcome.value_offset = 21;
  outcome.value_bytes = 2;
  return outcome;
}

RequestOutcome StoreStories::line_error(RequestId id, ErrorClass kind, bool again) const {
  RequestOutcome outcome;
  outcome.request = id;
  outcome.again = again;
  outcome.error = said(kind);
  return outcome;
}

RequestView StoreStories::view(OwnerId owner, RequestId id) {
  return must([&](Store& s) { return s.find_request(owner, id); });
}

Counts StoreStories::counts() {
  return must([](Store& s) { return s.counts(); });
}

void StoreStories::expect_balance() { EXPECT_TRUE(counts().balanced()); }

std::string StoreStories::jsonl(BatchId batch) {
  std::string text;
  for (LineCursor cursor;;) {
    auto read = must([&](Store& s) { return s.read_lines(batch, cursor); });
    for (const auto& piece : read.pieces) text += piece.bytes + (piece.last ? "\n" : "");
    if (!read.next) return text;
    cursor = *read.next;
  }
}

std::vector<Batch> StoreStories::batches_in(std::vector<BatchState> states) {
  return must([&](Store& s) { return s.list_batches(states, BatchId{}, 500); });
}

}  // namespace batchd::storage::testing
