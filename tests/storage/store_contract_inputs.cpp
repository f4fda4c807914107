// What a batch has at the provider, by the provider's names: uploads, the job, results.
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {
namespace {

using enum BatchState;
using Names = std::vector<std::string>;

class Inputs : public ContractStories {
 protected:
  Names inputs(BatchId batch) {
    return must([&](Store& s) { return s.list_inputs(batch); });
  }
  Batch batch_of(BatchId id) {
    return must([&](Store& s) { return s.get_batch(id); });
  }
  static BatchPatch upload(int n, std::string file = "") {
    BatchPatch patch;
    patch.upload_n = n;
    if (!file.empty()) patch.input_file = std::move(file);
    return patch;
  }
  BatchId sealed_one() {
    accept(kAnna);
    return sealed_batch({kAnna});
  }
};

TEST_P(Inputs, TheNamesOfAllUploadsAreKept) {
  const auto id = sealed_one();
  const auto other = sealed_one();
  EXPECT_EQ(inputs(id), Names{});
  step(id, uploading, upload(1, "file-a"));
  EXPECT_EQ(batch_of(id).input_file, "file-a");
  step(id, uploading, upload(2));  // the provider never tells its name
  EXPECT_EQ(batch_of(id).input_file, "");
  step(id, uploading, upload(3));
  BatchPatch arrived;
  arrived.input_file = "file-c";
  arrived.uploaded_at = now_;
  step(id, uploaded, arrived);
  step(other, uploading, upload(1, "file-z"));
  reopen();
  EXPECT_EQ(inputs(id), (Names{"file-a", "file-c"}));
  EXPECT_EQ(inputs(other), Names{"file-z"});
  EXPECT_EQ(batch_of(id).input_file, "file-c");
  EXPECT_EQ(batch_of(id).upload_n, 3);
}

TEST_P(Inputs, ALaterNameOfAnUploadReplacesTheEarlier) {
  const auto id = sealed_one();
  step(id, uploading, upload(1, "before"));
  BatchPatch renamed;
  renamed.input_file = "after";
  must([&](Store& s) { return s.note(id, renamed); });
  EXPECT_EQ(inputs(id), Names{"after"});
  EXPECT_EQ(batch_of(id).input_file, "after");
  renamed.input_file = "";
  must([&](Store& s) { return s.note(id, renamed); });
  EXPECT_EQ(inputs(id), Names{"after"}) << "what was uploaded is still there";
  EXPECT_EQ(batch_of(id).input_file, "");
}

TEST_P(Inputs, AChangeThatFailsKeepsNoName) {
  const auto id = sealed_one();
  EXPECT_EQ(attempt([&](Store& s) { return s.mark(id, uploading, uploaded, upload(1, "file"), now_); }).error().code,
            Errc::stale);
  EXPECT_EQ(inputs(id), Names{});
}

TEST_P(Inputs, NamesGoWithTheirBatch) {
  const auto request_id = accept(kAnna);
  const auto gone = sealed_batch({kAnna});
  step(gone, uploading, upload(1, "one"));
  step(gone, uploading, upload(2, "two"));
  walk(gone, {uploaded, creating, submitted, ended, collecting});
  const std::vector outcomes{success(request_id)};
  must([&](Store& s) { return s.record_outcomes(gone, outcomes, 3, now_); });
  step(gone, done);
  const auto kept = sealed_one();
  step(kept, uploading, upload(1, "kept"));
  tick(24h);
  while (must([&](Store& s) { return s.purge({now_, now_, now_}, now_); }).more) {
  }
  EXPECT_EQ(attempt([&](Store& s) { return s.get_batch(gone); }).error().code, Errc::not_found);
  EXPECT_EQ(inputs(gone), Names{});
  EXPECT_EQ(inputs(kept), Names{"kept"});
}

TEST_P(Inputs, TheVariantSurvives) {
  const auto id = sealed_one();
  auto patch = upload(1);
  patch.upload_variant = 2;
  step(id, uploading, patch);
  reopen();
  EXPECT_EQ(batch_of(id).upload_variant, 2);
  EXPECT_EQ(step(id, uploading, upload(2)).upload_variant, 2) << "a new upload is declared in the same way";
}

TEST_P(Inputs, ResultsMayHaveSeveralNames) {
  const auto id = sealed_one();
  EXPECT_EQ(batch_of(id).results, Names{});
  for (const auto& names : {Names{"answers", "errors"}, Names{"only"}, Names{"a", "", "b"}, Names{}}) {
    BatchPatch patch;
    patch.results = names;
    must([&](Store& s) { return s.note(id, patch); });
    must([&](Store& s) { return s.note(id, BatchPatch{}); });
    reopen();
    EXPECT_EQ(batch_of(id).results, names);
  }
}

TEST_P(Inputs, AJobIsKnownToItsAccount) {
  accept(kAnna);
  const auto batch = submitted_batch({kAnna});  // its job is jobs/1
  const auto with_tag = sealed_one();
  BatchPatch intent;
  intent.tag = "tag";
  walk(with_tag, {uploading, uploaded});
  step(with_tag, creating, intent);
  accept(kAnna, "{}", 1, {"elsewhere", "answers", "m"});
  const auto lane = only_lane();
  const auto theirs = must([&](Store& s) { return s.open_batch(lane, SealReason::age, now_); });
  claim(theirs, kAnna);
  must([&](Store& s) { return s.seal(theirs, now_); });
  walk(theirs, {uploading, uploaded, creating});
  BatchPatch job;
  job.job = "jobs/1";
  step(theirs, submitted, job);
  accept(kAnna, "{}", 1, {"third", "answers", "m"});
  reopen();
  const auto knows = [&](const std::string& account, const std::string& name) {
    return must([&](Store& s) { return s.knows_job(account, name); });
  };
  EXPECT_TRUE(knows("default", "jobs/1"));
  EXPECT_TRUE(knows("elsewhere", "jobs/1"));
  EXPECT_FALSE(knows("third", "jobs/1"));
  EXPECT_FALSE(knows("default", "jobs/2"));
  EXPECT_FALSE(knows("default", "")) << "batches without a job have none in common";
  EXPECT_EQ(batch_of(batch).job, "jobs/1");
}

TEST_P(Inputs, StoredBytesAreCountedWithTheLinesFrames) {
  const auto use = [&](Duration lifetime, std::int64_t frame) {
    return must([&](Store& s) { return s.budget_use("default", now_, lifetime, frame); });
  };
  accept(kAnna, std::string(1000, 'x'));
  accept(kAnna, std::string(500, 'x'));
  const auto batch = sealed_batch({kAnna});
  EXPECT_EQ(use(48h, 0).stored_bytes, 1500);
  EXPECT_EQ(use(48h, 100).stored_bytes, 1700);
  auto patch = upload(1);
  step(batch, uploading, patch);
  patch = {};
  patch.uploaded_at = now_;
  step(batch, uploaded, patch);
  EXPECT_EQ(use(48h, 30).stored_bytes, 1560);
  walk(batch, {creating, submitted});
  patch = {};
  patch.ended_at = now_;
  patch.result_bytes = 7;
  step(batch, ended, patch);
  EXPECT_EQ(use(48h, 30).stored_bytes, 1567);
}

TEST_P(Inputs, WithoutFilesNothingIsStoredThere) {
  const auto use = [&] { return must([&](Store& s) { return s.budget_use("default", now_, Duration::zero(), 100); }); };
  const auto batch = sealed_one();
  EXPECT_EQ(use().stored_bytes, 0);
  EXPECT_EQ(use().jobs, 1);
  BatchPatch patch;
  patch.uploaded_at = now_ + 1ms;  // a clock that was set back
  walk(batch, {uploading});
  step(batch, uploaded, patch);
  EXPECT_EQ(use().stored_bytes, 0);
  walk(batch, {creating, submitted});
  patch = {};
  patch.ended_at = now_ + 1ms;
  patch.result_bytes = 7;
  step(batch, ended, patch);
  EXPECT_EQ(use().stored_bytes, 0);
  EXPECT_EQ(use().jobs, 0);
}

RUN_FOR_EVERY_STORE(Inputs);

}  // namespace
}  // namespace batchd::storage::testing
