// A small Gemini in memory: files, upload sessions, jobs. It answers calls as data, so that the stages' tests decide
// what comes back, and remembers what it was asked. Faults are reactions, put in front of the proper answer.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http.h"
#include "tests/fictitious/fake_provider.h"

namespace batchd::daemon::testing {

// Of what kind a call is: each has its own reactions.
enum class Endpoint {
  start,
  data,
  query,
  create,
  list,
  poll,
  cancel,
  check,
  remove,
  download,
  model,
  file_list,
  account
};

struct Call {
  Endpoint endpoint;
  std::string thing;        // "files/...", "batches/...", the page token of a list
  std::string body;         // as it was sent: of data, the bytes
  std::string tag;          // create: the displayName
  std::string file;         // create: the input file; start: the name
  std::string mime;         // start
  std::int64_t offset = 0;  // data
  bool finalize = false;    // data
  bool single_shot = false;
};

struct Job {
  std::string name, tag, file;
  std::string state = "BATCH_STATE_PENDING";
  std::string output;  // "files/...", empty: none
  int error_code = 0;
  std::string error_message;
  std::string created;  // RFC 3339; empty: not shown
};

class FakeGemini final : public fictitious::FakeProvider {
 public:
  using HttpEvent = core::HttpEvent;
  // What comes back for `call`. `properly` does what the provider would do, once, and gives its answer.
  using Reaction = std::function<HttpEvent(Call& call, const std::function<HttpEvent()>& properly)>;

  // The next calls of this kind react so, one each; after them `always`, if there is one.
  void next(Endpoint endpoint, Reaction reaction) { next_[endpoint].push_back(std::move(reaction)); }
  void always(Endpoint endpoint, Reaction reaction) { always_[endpoint] = std::move(reaction); }
  void properly_again(Endpoint endpoint) { always_.erase(endpoint); }

  // A call, with the bytes of its body. A 2xx answer to a download has the file in its body, cut or whole.
  HttpEvent answer(const core::HttpCall& http, std::string body) override;

  std::size_t count(Endpoint endpoint) const;
  std::vector<Call> seen(Endpoint endpoint) const;
  std::vector<Call> calls;

  std::map<std::string, std::string> files;  // "files/...": content
  std::vector<Job> jobs;                     // newest first, as they are listed
  std::size_t page_size = 100;
  std::size_t mime_types_refused = 0;  // the first so many of a start's types, by the order they were tried
  std::string poison;                  // not empty: a create whose file holds this is refused
  std::size_t names_at_most = 1000;    // so many lines that hold `refused` are named; 0: the refusal names none
  std::string quotes;                  // what is said of a named line ends with this, as it stands in JSON
  int looks_until_ready = 0;           // so many checks of an uploaded file say that it is processed

  // The file, which is there, is processed: so many checks say so.
  void looks_left_for(const std::string& file, int looks) { looks_left_[file] = looks; }
  bool ready(const std::string& file) { return looks_left_[file] == 0; }

  Job& only_job();
  Job& add_job(std::string tag, std::string file);
  // Ends a job with these lines as its output; it is JOB_STATE_SUCCEEDED unless said otherwise.
  void finish(Job& job, const std::vector<std::string>& lines, const std::string& state = "SUCCEEDED");
  void fail(Job& job, int code, const std::string& message);
  // One good line for each line of the input file, in its order: the response echoes the request.
  std::vector<std::string> good_lines(const std::string& file) const;
  void finish_all();  // every job that is pending, with good lines

  // --- as any provider
  void forget() override;
  void react(fictitious::Ask ask, fictitious::Reaction reaction) override;
  std::size_t asked(fictitious::Ask ask) const override;
  std::vector<std::string> open_jobs() const override;
  std::vector<std::string> all_jobs() const override;
  std::vector<std::string> keys_of(const std::string& job) const override;
  void end(const std::string& job, const fictitious::Ending& ending) override;
  void fail(const std::string& job, core::FailedFor why) override;
  void stop(const std::string& job) override;
  HttpEvent too_many() const override;

 private:
  Job& job_named(const std::string& name);
  // Returns the refusal of lines that hold the text `refused`; nullopt if no line does.
  std::optional<HttpEvent> refusal_of_lines(const std::string& file) const;
  struct Session {
    std::string name, received;
    std::size_t bytes = 0;
  };
  HttpEvent properly(Call& call);
  HttpEvent start(const Call& call);
  HttpEvent data(const Call& call);
  HttpEvent create(const Call& call);
  HttpEvent list(const Call& call);
  HttpEvent download(const Call& call);

  std::map<Endpoint, std::deque<Reaction>> next_;
  std::map<Endpoint, Reaction> always_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, std::string> inputs_;  // what a file held, also after its deletion
  std::size_t announced_bytes_ = 0;            // of the start at hand
  std::map<std::string, int> looks_left_;      // of files that are processed
  int made_ = 0;
};

// --- answers
using fictitious::reply;
std::string error_body(int code, const std::string& status, const std::string& message);

// --- reactions: none of these does what was asked, unless it says so
FakeGemini::Reaction says(int status, std::string body);
FakeGemini::Reaction says_error(int code, std::string status, std::string message);
// A create whose file holds the text is refused so, any other is accepted.
FakeGemini::Reaction refuses_files_with(const FakeGemini& gemini, std::string text, int code, std::string status,
                                        std::string message);
FakeGemini::Reaction not_sent();
FakeGemini::Reaction no_answer();
FakeGemini::Reaction done_but_unanswered();
FakeGemini::Reaction cut_after(std::size_t bytes);  // data: only so many arrive; download: only so many are received

// --- lines of result files
std::string good_line(const std::string& key, const std::string& response);
std::string error_line(const std::string& key, int code, const std::string& message);
std::string key_of(const std::string& line);      // of an input or result line
std::string request_of(const std::string& line);  // of an input line
std::vector<std::string> lines_of(const std::string& file_content);

}  // namespace batchd::daemon::testing
