#include "emulator/judge/audit.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>
#include <unordered_map>

#include "emulator/base/dom.h"
#include "emulator/dialect/lines.h"

namespace batchd::emulator {
namespace {

// Reads a file line by line; error messages name file and line.
class LineFile {
 public:
  explicit LineFile(const std::string& path) : path_(path), in_(path, std::ios::binary) {
    if (!in_) throw std::runtime_error("can't read " + path + ": " + std::strerror(errno));
  }

  bool next(std::string& line) {
    if (!std::getline(in_, line)) {
      if (in_.bad()) throw std::runtime_error("can't read " + path_ + ": " + std::strerror(errno));
      return false;
    }
    ++number_;
    return true;
  }

  std::uint64_t number() const { return number_; }
  bool complete() const { return !in_.eof(); }  // the last line ended with '\n'
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error(path_ + ", line " + std::to_string(number_) + ": " + why);
  }

 private:
  std::string path_;
  std::ifstream in_;
  std::uint64_t number_ = 0;
};

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// 32 bytes in place of 64 digits.
std::string packed(std::string_view digest) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < digest.size(); i += 2)
    out += static_cast<char>(value(digest[i]) * 16 + value(digest[i + 1]));
  return out;
}

std::string unpacked(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}

struct PromptCount {
  std::uint64_t line = 0;
  std::int64_t expected = 0;
  std::int64_t billed = 0;
  std::int64_t withheld = 0;
  std::int64_t errors = 0;  // delivered as errors, not billed
};

struct JobCount {
  std::string token;
  bool in_file = false;  // its results are in a file to be downloaded
  bool ended = false;
  bool fetched = false;
  bool deleted = false;
  std::int64_t results = 0;  // lines that can be fetched
};

class Auditor {
 public:
  // Reads a digest, or a line of a batch's input; only the digest is kept.
  void expect(LineFile& file, std::string line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) return;
    std::string digest = line;
    if (!is_digest(digest)) {
      InputLine input;
      auto why = read_line(line, Work::content, input);
      if (!why.empty() || !input.prompt.has_contents) {
        input = InputLine();
        if (read_line(line, Work::embedding, input).empty()) why.clear();
      }
      if (!why.empty()) file.refuse("neither a prompt_sha256 nor a line of a batch's input: " + why);
      digest = input.prompt.sha256();
    }
    auto& prompt = prompts_[packed(digest)];
    if (prompt.expected++ == 0) prompt.line = file.number();
    ++audit_.expected;
  }

  // Returns false if the row is no JSON object with an event.
  bool book(const std::string& row) {
    Document document;
    DomFault fault;
    if (!parse(row, document, fault) || text(document, "event").empty()) return false;
    const auto event = text(document, "event");
    const auto digest = text(document, "prompt_sha256");
    if (is_digest(digest) && !text(document, "billed").empty()) book_prompt(document, packed(digest));
    if (event == "job") make_job(document);
    if (event == "end") job_of(document).ended = true;
    if (event == "delete" && document.HasMember("job")) job_of(document).deleted = true;
    if (event == "download") fetch(document);
    return true;
  }

  Audit verdict() {
    for (const auto& [digest, prompt] : prompts_) judge(digest, prompt);
    for (const auto& [id, job] : jobs_) judge_job(id, job);
    audit_.jobs = static_cast<std::int64_t>(jobs_.size());
    for (auto* list : {&audit_.lost, &audit_.billed_twice, &audit_.unknown})
      std::ranges::sort(*list, {}, [](const auto& prompt) { return std::pair(prompt.line, prompt.prompt_sha256); });
    return std::move(audit_);
  }

 private:
  JobCount& job_of(const Value& row) { return jobs_[std::string(text(row, "job"))]; }

  void make_job(const Value& row) {
    auto& job = job_of(row);
    job.token = text(row, "token");
    job.in_file = text(row, "file").size() > std::string_view("files/").size();
  }

  void book_prompt(const Value& row, const std::string& digest) {
    auto& prompt = prompts_[digest];
    const auto billed = text(row, "billed");
    const auto delivered = text(row, "delivered");
    if (billed == "billed") ++prompt.billed;
    if (billed == "withheld") ++prompt.withheld;
    if (billed == "not billed" && delivered != "nothing") ++prompt.errors;
    if (row.HasMember("job") && delivered != "nothing") ++job_of(row).results;
  }

  void fetch(const Value& row) {
    constexpr std::string_view kPrefix = "files/batch-";
    const auto file = text(row, "file");
    if (file.starts_with(kPrefix)) jobs_[std::string(file.substr(kPrefix.size()))].fetched = true;
    if (row.HasMember("job")) job_of(row).fetched = true;
  }

  void judge(const std::string& digest, const PromptCount& prompt) {
    audit_.billed_rows += prompt.billed;
    audit_.withheld_rows += prompt.withheld;
    const AuditPrompt entry{unpacked(digest), prompt.line, prompt.expected, prompt.billed, prompt.withheld};
    if (prompt.expected == 0) {
      if (prompt.billed + prompt.withheld + prompt.errors > 0) audit_.unknown.push_back(entry);
      return;
    }
    const auto rest = prompt.expected - prompt.billed;
    if (rest < 0) {
      audit_.billed_twice.push_back(entry);
      return;
    }
    audit_.billed_once += prompt.billed;
    if (rest == 0) return;
    if (prompt.withheld > 0) {
      audit_.withheld += rest;
    } else if (prompt.errors > 0) {
      audit_.failed += rest;
    } else {
      audit_.lost.push_back(entry);
    }
  }

  void judge_job(const std::string& id, const JobCount& job) {
    if (!job.ended && !job.deleted) {
      audit_.orphans.push_back({id, job.token, "never ended"});
    } else if (job.in_file && job.results > 0 && !job.fetched) {
      audit_.orphans.push_back({id, job.token, "never downloaded"});
    }
  }

  std::unordered_map<std::string, PromptCount> prompts_;  // by the digest's bytes
  std::map<std::string, JobCount> jobs_;
  Audit audit_;
};

}  // namespace

Audit audit(const std::string& ledger, const std::string& expected) {
  Auditor auditor;
  std::string line;
  LineFile prompts(expected);
  while (prompts.next(line)) auditor.expect(prompts, line);
  LineFile rows(ledger);
  bool torn = false;
  while (rows.next(line)) {
    if (auditor.book(line)) continue;
    torn = !rows.complete();  // its writer was killed in the middle of a row
    if (!torn) rows.refuse("no row of a ledger");
  }
  auto verdict = auditor.verdict();
  verdict.torn = torn;
  return verdict;
}

}  // namespace batchd::emulator
