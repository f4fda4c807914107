// One run of batchctl: its connection, its output, and how long it repeats calls.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/console/console.h"
#include "ctl/link/client.h"

namespace batchd::ctl {

using Seconds = std::chrono::seconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// How long to wait for something; without a limit until it is there.
struct Wait {
  std::optional<Seconds> limit;
};
using WaitLimit = std::optional<SteadyTime>;
WaitLimit limit_of(const Wait& wait);
// Returns the length of the next long poll: at most the time left, and short enough that a dead daemon is noticed.
Seconds next_poll(WaitLimit deadline);
inline constexpr Seconds kAnswerTime{30};  // time that an answer may take beyond the poll

struct Session {
  Client client;
  Console console;
  bool json = false;      // print what the server sent, one object per line
  Seconds retry_for{60};  // how long a repeatable call is resent if the daemon is gone or answers 429, 503, 507

  Session(Address address, bool as_json) : client(std::move(address)), json(as_json) {}

  void print_json(std::string_view value);  // prints one JSON value as one line, whatever ends a line for its readers
};

// Decides whether to repeat a call, reports that once, and pauses before it. If the daemon isn't running and was never
// reached in this run, the call is not repeated.
class Patience {
 public:
  explicit Patience(Session& session) : session_(session), limit_(session.retry_for) { refresh(); }
  static Patience endless(Session& session);

  bool once_more(const Reply& reply);  // returns false if this reply is final and to be reported
  void refresh();                      // call it after progress: the time starts again

 private:
  Session& session_;
  std::optional<Seconds> limit_;
  SteadyTime since_;
  std::chrono::milliseconds pause_;
  bool told_ = false;
};

// Sends a repeatable call until it is answered or the patience is exhausted.
Reply call_patiently(Session& session, const Call& call);

// Reports on standard error what went wrong, and returns its exit code.
int report(Session& session, const Trouble& trouble);
int report(Session& session, const Answer& answer);  // for an answer other than 2xx
int report(Session& session, const Reply& reply);    // either

// Returns an answer of 2xx, or an exit code after the error was reported.
std::variant<Answer, int> ask(Session& session, const Call& call);

// Returns PATH?NAME=VALUE&... with the values percent-encoded; parameters with an empty value are left out.
std::string target_of(std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters);
std::string percent_encoded(std::string_view text);

// Returns 128 random bits as text, for an Idempotency-Key.
std::string random_key();

}  // namespace batchd::ctl
