// A held batch waits for an operator's decision, loses nothing meanwhile, and goes on at one command: through batchctl,
// the real daemon and the emulator, whose ledger shows that nothing was paid for twice.
#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

class Operator : public E2eTest {
 protected:
  // What batchctl printed (both streams), and its exit code.
  struct Said {
    std::string text;
    std::optional<int> code;
  };
  Said batchctl(const std::vector<std::string>& arguments) {
    const auto output = folder_.file("batchctl." + std::to_string(++calls_));
    auto process = Process::start({BATCHCTL_BINARY, arguments, {{"BATCHD_SOCKET", daemon_->socket()}}, output});
    const auto code = process.wait();
    return {read_file(output), code};
  }

  // The id of the one batch that is held, when there is one.
  std::string held_batch() {
    std::string id;
    const bool found = eventually([&] {
      const auto status = daemon_->admin_status();
      if (status.number("/batches/held/items") != 1) return false;
      id = status.text("/live_batches/0/id");
      return true;
    });
    EXPECT_TRUE(found) << "no batch was held";
    return id;
  }

  int calls_ = 0;
};

const std::map<std::string, std::string> kHold{{"submission.on_ambiguous", "\"hold\""}};

TEST_F(Operator, SendsAHeldBatchAgainThroughTheFence) {
  start({.faults = R"({"rules":[{"on":"create","do":"reset_before","nth":1}]})"}, {.config = kHold});
  const auto id = post("held and released");
  const auto batch = held_batch();

  const auto shown = batchctl({"attention"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_NE(shown.text.find("batchctl requeue " + batch), std::string::npos) << shown.text;
  EXPECT_EQ(batchctl({"requeue", batch}).code, 0);

  EXPECT_EQ(answer_text(finished(id)), "echo: held and released");
  EXPECT_EQ(emulator_->ledger().lines("billed").at(prompt_digest("held and released")), 1);
  EXPECT_EQ(daemon_->batches_in_state("held"), 0);
  EXPECT_NE(batchctl({"requeue", batch}).code, 0);  // it isn't held any more
}

TEST_F(Operator, NamesTheJobOfAHeldBatch) {
  // The job was made, the answer lost, and listings that don't show it.
  start({.faults = R"({"rules":[{"on":"create","do":"reset_after","nth":1},)"
                   R"({"on":"list","do":"status","status":200,"body":"{}"}]})"},
        {.config = kHold});
  const auto id = post("adopted by hand");
  const auto batch = held_batch();
  LocalHttp http(daemon_->socket());
  // Another member, and names that no job of the provider has: with one of those the batch would wait for ever.
  for (const auto* body : {R"({"jobs":"x"})", R"({"job":"abc"})", R"({"job":"batches/../x"})"}) {
    const auto bad = http.post("/admin/batches/" + batch + "/adopt", body);
    ASSERT_TRUE(bad);
    EXPECT_EQ(bad->status, 400) << bad->body;
  }

  std::string job;
  for (const auto& row : emulator_->ledger().rows())
    if (row.event == "job") job = "batches/" + row.job;
  EXPECT_EQ(batchctl({"adopt", batch, job}).code, 0);
  EXPECT_EQ(answer_text(finished(id)), "echo: adopted by hand");
  EXPECT_EQ(emulator_->ledger().count("job"), 1U);
  const auto again = http.post("/admin/batches/" + batch + "/adopt", R"({"job":")" + job + "\"}");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 409) << again->body;
}

TEST_F(Operator, AHeldBatchIsStillHeldAfterARestart) {
  start({.faults = R"({"rules":[{"on":"create","do":"reset_before","nth":1}]})"}, {.config = kHold});
  const auto id = post("patient");
  const auto batch = held_batch();
  daemon_->restart();
  EXPECT_EQ(held_batch(), batch);
  EXPECT_EQ(daemon_->in_state("packed"), 1);
  EXPECT_EQ(batchctl({"requeue", batch}).code, 0);
  EXPECT_EQ(answer_text(finished(id)), "echo: patient");
}

}  // namespace
}  // namespace batchd::e2e
