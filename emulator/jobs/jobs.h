// The provider's batch jobs: PENDING -> RUNNING -> an end, each driven by a coroutine of its own.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/faults/faults.h"
#include "emulator/jobs/execution.h"
#include "emulator/jobs/files.h"
#include "emulator/judge/ledger.h"
#include "emulator/server/tasks.h"

namespace batchd::emulator {

enum class JobState { pending, running, succeeded, failed, cancelled, expired };
std::string_view job_state_text(JobState state);  // "BATCH_STATE_PENDING"
bool is_end(JobState state);

// Hides something until both this time and this many looks have passed.
struct Lag {
  TimePoint until;
  std::int64_t looks = 0;

  bool look();  // true: still not visible
};

struct Job {
  std::string id;  // 36 characters, without "batches/"
  std::string project;
  std::string model;
  std::string display_name;
  std::string file_id;                         // id of the input; empty if it is inlined
  std::shared_ptr<const Blob> inlined_input;   // lines
  std::shared_ptr<const Blob> input;           // the file's lines, if the job read them when it was created
  std::shared_ptr<const Blob> inlined_output;  // the elements of a JSON array
  std::string priority;                        // as sent; echoed, and used only if a switch says so
  std::uint64_t sequence = 0;
  TimePoint created;
  TimePoint updated;
  TimePoint ended;
  JobState state = JobState::pending;
  std::int64_t requests = 0;
  std::int64_t tokens = 0;  // estimate for its prompts
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::string output_id;             // the result file, without "files/"
  std::int64_t polls_to_output = 0;  // number of GETs that still don't see the output
  Lag list_lag;                      // until then lists don't show the job
  Lag get_lag;                       // until then GET doesn't find it
  int error_code = 0;                // 0 if there is none
  std::string error_message;
  std::string any_key;                    // key of one of its lines
  Texts found;                            // texts that job rules look for and that are in its prompts
  std::optional<Rule> fault;              // of kind On::job
  std::map<Billed, std::int64_t> booked;  // number of lines, by what was booked for them
  bool cancel_asked = false;
  bool executing = false;  // too late to cancel
  bool deleted = false;
  bool hidden = false;          // deleted, but still running
  bool answers_inline = false;  // its results are in its operation, not in a file
  TimePoint running_since;
  std::unique_ptr<asio::steady_timer> timer;

  bool meets(Do action) const { return fault && fault->action == action; }
};

struct JobLimits {
  double job_seconds = 2;
  std::size_t max_jobs = 100;  // live jobs, per project
  int tier = 1;                // of the projects; it limits the tokens of live jobs, per project and model
  std::optional<std::int64_t> max_enqueued_tokens = {};  // in place of the tier's limits; 0: no limit
};

class Jobs {
 public:
  Jobs(Tasks& tasks, Files& files, Faults& faults, Ledger& ledger, const Switches& switches, JobLimits limits)
      : tasks_(tasks),
        files_(files),
        faults_(faults),
        ledger_(ledger),
        switches_(switches),
        execution_(faults, ledger, switches),
        limits_(limits) {}

  bool room_for(std::string_view project, std::string_view model, std::int64_t tokens) const;  // else 429
  // Starts a job whose lines have been checked; completes id, times, sequence.
  std::shared_ptr<Job> create(std::unique_ptr<Job> job);
  std::shared_ptr<Job> find(std::string_view project, std::string_view id) const;  // null if there is none
  bool known(std::string_view id) const;                                           // in any project
  void cancel(Job& job);  // takes effect soon, unless its lines are being executed
  // Hides it at once, and removes its result; its work stops, unless a switch says otherwise.
  void remove(Job& job);
  // Returns the project's jobs older than `before` (0: all), newest first, at most `count` + 1, without jobs that their
  // list_lag still hides.
  std::vector<std::shared_ptr<Job>> page(std::string_view project, std::uint64_t before, std::size_t count) const;

 private:
  // Lines that aren't executed are not booked; or booked as not billed; or that, and answered with an error.
  enum class Rest { left, booked, answered };

  Task<void> run(std::shared_ptr<Job> job);
  Task<void> wait(Job& job, double seconds);  // shorter if the job is cancelled or deleted
  Task<void> wait_for_turn(Job& job);         // waits until no other job has precedence
  bool outranked(const Job& job) const;
  bool crowded_out(const Job& job) const;                // older jobs take all places
  std::shared_ptr<const Blob> input_of(const Job& job);  // null if it is gone
  void meet_fault(Job& job);                             // asks the rules, and stores the fault in the job
  Task<void> conclude(Job& job, const Blob& input);
  Task<void> execute(Job& job, const Blob& input, std::int64_t lines, Rest rest);
  Task<void> publish(Job& job, std::shared_ptr<Blob> output);
  std::shared_ptr<Blob> exchange_answers(const Job& job, const Blob& output);
  void end(Job& job, JobState state, int code = 0, std::string message = {});
  void end_cancelled(Job& job);
  std::string foreign_key(const Job& job) const;

  Tasks& tasks_;
  Files& files_;
  Faults& faults_;
  Ledger& ledger_;
  const Switches& switches_;
  Execution execution_;
  JobLimits limits_;
  std::uint64_t last_sequence_ = 0;
  std::map<std::string, std::shared_ptr<Job>, std::less<>> jobs_;
};

// Returns how many of its requests a job reports as finished: while it runs, this follows from the elapsed time, and
// nothing is executed before the end.
std::int64_t finished_so_far(const Job& job, double job_seconds);

// Returns the Operation of a job, as GET, list and create answer it, without results unless `output_visible`. The
// results in it, which can be large, are represented by inset_mark().
std::string operation_json(const Job& job, double job_seconds, bool output_visible);
// Returns the Operation as a list shows it, which may be stale.
std::string listed_operation_json(const Job& job, double job_seconds);

}  // namespace batchd::emulator
