// kill -9 at each point where something is between two systems: accepted but not packed, half uploaded, created or not
// created while the daemon doesn't know, running, half collected. After the restart every request is answered and was
// billed once. Each moment is recognised by an event (a state, a row of the ledger), never by time.
#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

class Recovery : public E2eTest {
 protected:
  // All that are submitted leave in one batch.
  void start_for(int count, const EmulatorSettings& emulator) { start(emulator, {.config = leave_by_count(count)}); }
  void submit(int count) {
    for (int i = 0; i < count; ++i) {
      prompts_.push_back("prompt " + std::to_string(prompts_.size()));
      ids_.push_back(post(prompts_.back()));
    }
  }

  // A fault that delays or withholds has begun: the daemon is in the middle of that call.
  ::testing::AssertionResult reached(std::string_view on, std::string_view action) {
    if (eventually([&] { return emulator_->ledger().count_faults(on, action) > 0; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "no fault " << action << " on " << on << " in the ledger";
  }

  void expect_all_answered_and_billed_once() {
    for (std::size_t i = 0; i < ids_.size(); ++i)
      ASSERT_EQ(answer_text(finished(ids_[i])), "echo: " + prompts_[i]) << "a wrong answer, or none";
    const auto billed = emulator_->ledger().lines("billed");
    EXPECT_EQ(billed.size(), prompts_.size());
    for (const auto& prompt : prompts_) {
      const auto found = billed.find(prompt_digest(prompt));
      EXPECT_EQ(found == billed.end() ? 0 : found->second, 1) << prompt;
    }
    const auto status = daemon_->admin_status();
    EXPECT_EQ(status.number("/accepted"), static_cast<std::int64_t>(prompts_.size()));
    EXPECT_TRUE(status.flag("/balanced"));
    EXPECT_EQ(status.number("/batches/held/items"), 0);
  }

  std::vector<std::string> prompts_, ids_;
};

TEST_F(Recovery, AcceptedAndNotYetPacked) {
  start_for(20, {});
  submit(19);
  daemon_->restart();
  EXPECT_EQ(daemon_->in_state("queued"), 19);
  EXPECT_EQ(emulator_->ledger().count("job"), 0U);
  submit(1);
  expect_all_answered_and_billed_once();
}

TEST_F(Recovery, WhileAnUploadIsStarted) {
  start_for(20, {.faults = R"({"rules":[{"on":"upload_start","do":"delay","ms":2000,"nth":1}]})"});
  submit(20);
  ASSERT_TRUE(reached("upload_start", "delay"));
  daemon_->restart();
  expect_all_answered_and_billed_once();
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
}

TEST_F(Recovery, WhileAFileIsUploaded) {
  start_for(20, {.faults = R"({"rules":[{"on":"upload_chunk","do":"delay","ms":2000,"nth":1}]})"});
  submit(20);
  ASSERT_TRUE(reached("upload_chunk", "delay"));
  daemon_->restart();
  expect_all_answered_and_billed_once();
}

TEST_F(Recovery, AJobWasMadeButNobodyHeardOfIt) {
  start_for(20, {.faults = R"({"rules":[{"on":"create","do":"withhold","seconds":60,"nth":1}]})"});
  submit(20);
  ASSERT_TRUE(eventually([&] { return emulator_->ledger().count("job") == 1; }));
  daemon_->restart();
  expect_all_answered_and_billed_once();
  EXPECT_EQ(emulator_->ledger().count("job"), 1U) << "the job wasn't adopted";
}

TEST_F(Recovery, AJobWasMadeAndTheConnectionBroke) {
  start_for(20, {.faults = R"({"rules":[{"on":"create","do":"reset_after","nth":1}]})"});
  submit(20);
  expect_all_answered_and_billed_once();
  EXPECT_EQ(emulator_->ledger().count("job"), 1U) << "the job wasn't adopted";
}

TEST_F(Recovery, NoJobWasMadeAndNobodyKnows) {
  start_for(20, {.faults = R"({"rules":[{"on":"create","do":"reset_before","nth":1}]})"});
  submit(20);
  ASSERT_TRUE(reached("create", "reset_before"));
  daemon_->restart();
  expect_all_answered_and_billed_once();
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
  EXPECT_NE(daemon_->log().find("to=fenced"), std::string::npos) << "sent again without a fence";
}

TEST_F(Recovery, KilledWhileFencing) {
  start_for(20, {.faults = R"({"rules":[{"on":"create","do":"reset_before","nth":1},
                               {"on":"file_delete","do":"delay","ms":2000,"nth":1}]})"});
  submit(20);
  ASSERT_TRUE(reached("file_delete", "delay"));
  daemon_->restart();
  expect_all_answered_and_billed_once();
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
}

// The worst case for "spent once": a create that is still travelling when the daemon gives up on it. It arrives, and
// must do nothing, because the file it names is gone.
TEST_F(Recovery, ACreateThatArrivesLateBillsNothing) {
  start_for(20, {.faults = R"({"rules":[{"on":"create","do":"delay","ms":8000,"nth":1}]})"});
  submit(20);
  expect_all_answered_and_billed_once();
  EXPECT_TRUE(eventually([&] { return emulator_->ledger().count("refused") == 1; }))
      << "the late create wasn't refused";
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
  expect_all_answered_and_billed_once();
}

TEST_F(Recovery, WhileAJobRuns) {
  start_for(20, {.job_seconds = 2});
  submit(20);
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
  daemon_->restart();
  expect_all_answered_and_billed_once();
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
}

TEST_F(Recovery, WhileResultsAreCollected) {
  start_for(200, {.faults = R"({"rules":[{"on":"download","do":"truncate","nth":1},
                               {"on":"download","do":"delay","ms":2000,"nth":2}]})"});
  submit(200);
  ASSERT_TRUE(reached("download", "truncate"));
  ASSERT_TRUE(reached("download", "delay"));
  daemon_->restart();
  expect_all_answered_and_billed_once();
}

}  // namespace
}  // namespace batchd::e2e
