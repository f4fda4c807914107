// A provider's server in memory, as the stories about any provider see it. It answers calls as data, and keeps a ledger
// of what was paid for. Faults are reactions, put in front of the proper answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/http.h"
#include "core/types.h"

namespace batchd::fictitious {

// What a call is about; each kind has its own reactions.
enum class Ask : std::uint8_t { upload, create, find, poll, results, cancel, file, other };

// What comes back. `properly` does what the provider would do, once per call of it, and returns its answer.
using Reaction = std::function<core::HttpEvent(const std::function<core::HttpEvent()>& properly)>;

// What becomes of one line of a job.
enum class Fate : std::uint8_t {
  good,     // run and paid; the response is {"echo":REQUEST}
  bad,      // an error that is an answer; not paid
  trouble,  // an error of the provider's own; not paid
  left,     // not run, and not paid
  lost,     // run and paid, and without a line in the results
};
// How a job ends that has run.
struct Ending {
  core::JobEnd end = core::JobEnd::succeeded;
  std::vector<Fate> fates;   // of its lines, in their order
  Fate others = Fate::good;  // of those that `fates` leaves out
};

class FakeProvider {
 public:
  FakeProvider() = default;
  FakeProvider(const FakeProvider&) = default;
  FakeProvider& operator=(const FakeProvider&) = default;
  virtual ~FakeProvider() = default;

  // Answers a call, with the bytes of its body. A 2xx answer with results has them in its body, cut or whole.
  virtual core::HttpEvent answer(const core::HttpCall& call, std::string body) = 0;
  virtual void forget() = 0;  // everything: it is as new, but for its clock

  // The next call of this kind reacts so; reactions to the same kind are taken one after the other.
  virtual void react(Ask ask, Reaction reaction) = 0;
  virtual std::size_t asked(Ask ask) const = 0;  // how many calls of this kind came

  // Jobs, by name, the oldest first.
  virtual std::vector<std::string> open_jobs() const = 0;
  virtual std::vector<std::string> all_jobs() const = 0;
  virtual std::vector<std::string> keys_of(const std::string& job) const = 0;  // its lines' wire keys
  virtual void end(const std::string& job, const Ending& ending) = 0;
  virtual void fail(const std::string& job, core::FailedFor why) = 0;  // as a whole: nothing has run
  virtual void stop(const std::string& job) = 0;                       // as its cancel call does
  virtual core::HttpEvent too_many() const = 0;                        // the provider's own 429
  void end_all(const Ending& ending = {});

  std::string refused;                  // lines that hold this are refused, in the provider's own way
  std::size_t fragment = 64 << 10;      // how results are cut into pieces
  std::function<core::WallTime()> now;  // when jobs are made
  // How many times each request's line was run by a job.
  std::map<core::RequestId, int> paid;

 protected:
  void pay(const std::string& key);
};

// --- answers
core::HttpEvent reply(int status, std::string body, std::vector<core::HttpHeader> headers = {});
core::HttpEvent unanswered(core::HttpEvent::Kind kind);
// Returns the text between two marks, or nothing.
std::string between(std::string_view text, std::string_view before, std::string_view after);

// --- reactions: none of these does what was asked, unless it says so
Reaction says(int status, std::string body);
Reaction not_sent();
Reaction not_whole();
Reaction early(int status);  // an answer that comes before the whole call was sent
Reaction no_answer();
Reaction done_but_unanswered();
Reaction done_twice_but_unanswered();   // something on the way has sent the call again
Reaction cut_after(std::size_t bytes);  // only so many bytes of the proper answer come

}  // namespace batchd::fictitious
