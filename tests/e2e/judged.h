// Requests that are judged by the emulator's ledger: submit them, wait until they have ended, and ask whether anything
// was lost, wrong, or paid for twice.
#pragma once

#include <string>
#include <vector>

#include "tests/e2e/e2e_fixture.h"
#include "tests/harness/audit.h"

namespace batchd::e2e {

// Shorter than the harness's: with hundreds of faults, a pause of a second is minutes.
std::map<std::string, std::string> judged_times();

class JudgedTest : public E2eTest {
 protected:
  struct Asked {
    std::string prompt;
    std::string id;
    bool cancelled = false;  // by us
    std::string end;         // its state, as read_answers() saw it
  };

  // Posts that many prompts; sends again, under its idempotency key, what wasn't acknowledged.
  void submit(int count);
  bool cancel(std::size_t index);  // false: it had ended before

  // How many batches wait for a person once nothing else is under way. -1: not over within the patience; a test
  // failure tells what was left.
  std::int64_t wait_until_over(Milliseconds patience);
  // As an operator who has looked and found no job: every held batch goes again.
  void requeue_held();

  // As an owner who has read the error: what failed, or expired, is asked once more. How many.
  int retry_failed();

  // Every succeeded request has the answer to its own prompt; the others are counted by their state and code.
  void read_answers();
  // The daemon's books are balanced, and the ledger agrees: nothing lost, paid for twice, or made and never fetched;
  // and what may have been paid for without a result is counted.
  void judge();

  std::vector<Asked> asked_;
  std::map<std::string, int> ends_;  // "succeeded" or "failed 13": how many
  bool wordless_ = false;            // some responses have no text, by a fault
  std::string excused_;              // what the audit may find here: "billed_twice orphans"

 private:
  std::int64_t possibly_charged();

  std::int64_t retries_ = 0;  // each is a request of its own
};

}  // namespace batchd::e2e
