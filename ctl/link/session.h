// One run of batchctl: where it talks to, how it shows things, and how stubborn it is.
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

// How long to wait for something; no limit: until it is there.
struct Wait {
  std::optional<Seconds> limit;
};
using WaitLimit = std::optional<SteadyTime>;
WaitLimit limit_of(const Wait& wait);
// The next long poll of such a wait: at most what is left, and never so long that a dead daemon goes unnoticed.
Seconds next_poll(WaitLimit deadline);
inline constexpr Seconds kAnswerTime{30};  // what an answer may take beyond it

struct Session {
  Client client;
  Console console;
  bool json = false;      // print what the server sent, one object per line
  Seconds retry_for{60};  // resend a repeatable call for so long when the daemon goes away or says 429, 503 or 507

  Session(Address address, bool as_json) : client(std::move(address)), json(as_json) {}
};

// Decides whether a call is worth another try, says so once, and makes the pause before it. A daemon that was never
// reached in this run and isn't running is not waited for: it won't come by waiting.
class Patience {
 public:
  explicit Patience(Session& session) : session_(session), limit_(session.retry_for) { refresh(); }
  static Patience endless(Session& session);

  bool once_more(const Reply& reply);  // false: report this reply
  void refresh();                      // something was achieved: the time begins anew

 private:
  Session& session_;
  std::optional<Seconds> limit_;
  SteadyTime since_;
  std::chrono::milliseconds pause_;
  bool told_ = false;
};

// Sends a repeatable call until it is answered, or the patience is at its end.
Reply call_patiently(Session& session, const Call& call);

// Says what went wrong on standard error. The exit code of it.
int report(Session& session, const Trouble& trouble);
int report(Session& session, const Answer& answer);  // of an answer that isn't 2xx
int report(Session& session, const Reply& reply);    // either

// An answer of 2xx, or an exit code after the trouble has been reported.
std::variant<Answer, int> ask(Session& session, const Call& call);

// PATH?NAME=VALUE&..., values percent-encoded; those that are empty are left out.
std::string target_of(std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters);
std::string percent_encoded(std::string_view text);

// 128 random bits, for an Idempotency-Key.
std::string random_key();

}  // namespace batchd::ctl
