#include <algorithm>
#include <fstream>

#include "ctl/exit_code.h"
#include "ctl/objects.h"
#include "ctl/requests.h"
#include "proto/json/digest.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

struct FileFacts {
  std::string digest;  // of its bytes
  std::int64_t lines = 0;
};

std::optional<FileFacts> look_through(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  json::Sha256 digest;
  FileFacts facts;
  std::string buffer(1 << 20, '\0');
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(file.gcount()));
    digest.update(bytes);
    facts.lines += std::ranges::count(bytes, '\n');
  }
  if (file.bad()) return std::nullopt;
  facts.digest = digest.finish();
  return facts;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

// {"key","id","state","text" or "error"} of a request object; the object itself with --json.
void print_result(Session& session, std::string_view object) {
  if (session.json) return session.console.data(object);
  const auto members = scan_members(object);
  if (!members) return;
  std::string line;
  json::Writer writer(line);
  writer.begin_object();
  for (const char* name : {"key", "id", "state", "error"})
    if (const auto found = members->find(name); found != members->end()) {
      writer.key(name);
      writer.raw(found->second);
    }
  if (const auto response = members->find("response"); response != members->end()) {
    writer.key("text");
    writer.string(answer_text(response->second).value_or(response->second));
  }
  writer.end_object();
  session.console.data(line);
}

class FileRun {
 public:
  FileRun(Session& session, const SubmitOptions& options, const FileFacts& facts)
      : session_(session), options_(options), facts_(facts) {}

  int run() {
    std::ifstream file(options_.jsonl_file, std::ios::binary);
    std::string line;
    for (std::int64_t number = 1; std::getline(file, line); ++number) {
      session_.console.progress("submitting", number, std::max(facts_.lines, number));
      if (is_blank(line)) continue;
      if (const int code = send(number, line); code == kBadInput)
        bad_ = true;
      else if (code != kDone)
        return give_up(number, code);
    }
    session_.console.finish_progress();
    const int results = options_.wait ? collect() : kDone;
    return bad_ ? kBadInput : results;
  }

 private:
  int send(std::int64_t number, const std::string& line) {
    const auto members = scan_members(line);
    const auto request = members ? members->find("request") : Members::const_iterator{};
    if (!members || request == members->end() || !scan_members(request->second))
      return complain(number, R"(isn't of the form {"key": "...", "request": {...}})");
    const auto key = members->find("key");
    const auto identity = json::hex(json::sha256(facts_.digest + options_.model + '\n' + std::to_string(number)));
    auto reply = call_patiently(
        session_, post_call(options_.model, request->second, key == members->end() ? "" : key->second, identity));
    if (const auto* trouble = std::get_if<Trouble>(&reply)) return report(session_, *trouble);
    auto& answer = std::get<Answer>(reply);
    if (const int code = exit_code_of_status(answer.status); code == kBadInput)
      return complain(number, error_words(answer.body));
    else if (code != kDone)
      return report(session_, answer);
    const auto accepted = scan_members(answer.body);
    sent_.push_back(accepted ? text_member(*accepted, "id") : std::string());
    if (!options_.wait) print_result(session_, answer.body);
    return kDone;
  }

  int complain(std::int64_t number, const std::string& what) {
    session_.console.talk(options_.jsonl_file + ':' + std::to_string(number) + ": " + what);
    return kBadInput;
  }

  int give_up(std::int64_t number, int code) {
    session_.console.talk("stopped at line " + std::to_string(number) +
                          "; run the same command again to go on: nothing is submitted twice");
    return code;
  }

  int collect() {
    const auto deadline = deadline_of(*options_.wait);
    const auto total = static_cast<std::int64_t>(sent_.size());
    int worst = kDone;
    for (std::int64_t done = 0; const auto& id : sent_) {
      session_.console.progress("waiting", done++, total);
      auto object = await_request(session_, id, deadline);
      if (const auto* code = std::get_if<int>(&object)) return *code;
      const auto& finished = std::get<std::string>(object);
      print_result(session_, finished);
      const auto members = scan_members(finished);
      const auto state = members ? text_member(*members, "state") : std::string();
      worst = std::max<int>(worst, state == "succeeded" ? kDone : is_finished(state) ? kFailed : kTryLater);
    }
    session_.console.finish_progress();
    return worst;
  }

  Session& session_;
  const SubmitOptions& options_;
  const FileFacts& facts_;
  std::vector<std::string> sent_;  // ids, in the order of the lines
  bool bad_ = false;
};

}  // namespace

int submit_jsonl(Session& session, const SubmitOptions& options) {
  const auto facts = look_through(options.jsonl_file);
  if (!facts) {
    session.console.talk("can't read " + options.jsonl_file);
    return kBadInput;
  }
  return FileRun(session, options, *facts).run();
}

}  // namespace batchd::ctl
