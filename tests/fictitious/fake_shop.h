// What the servers of the fictitious providers have in common: reactions, jobs and their lines.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fictitious/fake_provider.h"

namespace batchd::fictitious {

class FakeShop : public FakeProvider {
 public:
  core::HttpEvent answer(const core::HttpCall& call, std::string body) final;
  void forget() override;
  void react(Ask ask, Reaction reaction) final { reactions_[ask].push_back(std::move(reaction)); }
  std::size_t asked(Ask ask) const final;
  std::vector<std::string> open_jobs() const final;
  std::vector<std::string> all_jobs() const final;
  std::vector<std::string> keys_of(const std::string& job) const final;
  void end(const std::string& job, const Ending& ending) final;
  void fail(const std::string& job, core::FailedFor why) final;
  void stop(const std::string& job) final;
  // Makes a job that is not batchd's.
  std::string add_foreign_job(std::size_t lines);

 protected:
  struct Line {
    std::string key, request;
  };
  struct Job {
    std::string name, tag, file;
    core::WallTime made;
    std::vector<Line> lines;
    std::optional<core::JobEnd> end;
    core::FailedFor failed_for = core::FailedFor::refused;
    std::vector<std::size_t> bad_lines;  // places in `lines` that the provider names
    std::string good, bad;               // lines of results
  };

  virtual Ask ask_of(const core::HttpCall& call) const = 0;
  virtual core::HttpEvent serve(const core::HttpCall& call, const std::string& body) = 0;
  // Fails the job if it can't be run.
  virtual void look_at_input(Job&) {}
  virtual std::string job_prefix() const = 0;
  // Returns what the results say of a line, without a line break; empty if nothing.
  virtual std::string result_line(const Line& line, Fate fate, core::JobEnd end) const = 0;

  Job& add_job(std::vector<Line> lines);
  Job* find_job(std::string_view name);
  // Returns the jobs after this one in a listing, newest first, as one page of them; `more`: there are others.
  std::vector<const Job*> page_after(std::string_view name, bool& more) const;
  int next_number() { return ++made_; }
  // Returns the places of lines that hold the text `refused`.
  std::vector<std::size_t> places_refused(const std::vector<Line>& lines) const;
  // Returns the lines of `text`, in each of which the key and the request stand behind these marks.
  static std::vector<Line> lines_in(std::string_view text, std::string_view key_mark, std::string_view request_mark);

 private:
  std::map<Ask, std::deque<Reaction>> reactions_;
  std::map<Ask, std::size_t> asked_;
  std::list<Job> jobs_;  // the oldest first
  int made_ = 0;
};

}  // namespace batchd::fictitious
