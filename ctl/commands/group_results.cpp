#include "ctl/commands/group_results.h"

#include "ctl/answers/document.h"
#include "ctl/commands/requests.h"
#include "ctl/commands/result_pages.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

constexpr std::size_t kGroupPageLines = 500;
constexpr Seconds kGroupPoll{10};  // between two checks whether any request of the group is under way

class GroupReader {
 public:
  GroupReader(Session& session, const GroupResults& wanted)
      : session_(session), wanted_(wanted), pages_(session, wanted.channel, {}), deadline_(limit_of(wanted.wait)) {}

  int run() {
    // Results that were acknowledged before don't come again, so the count alone can't tell the end.
    Seconds poll{0};
    for (bool last = false; seen_ < wanted_.lines;) {
      const auto page = next_page(poll);
      if (const auto* code = std::get_if<int>(&page)) return *code;
      if (std::get<std::size_t>(page) > 0) continue;
      if (last) return end_with_fewer();
      const auto busy = is_under_way();
      if (const auto* code = std::get_if<int>(&busy)) return *code;
      last = !std::get<bool>(busy);
      if (!last && deadline_ && std::chrono::steady_clock::now() >= *deadline_) return end_too_early();
      poll = last ? Seconds(0) : std::min(next_poll(deadline_), kGroupPoll);
    }
    session_.console.finish_progress();
    return worst_;
  }

 private:
  std::variant<std::size_t, int> next_page(Seconds poll) {
    std::vector<std::string> printed;
    const auto page = pages_.next(poll, kGroupPageLines, [&](const std::string& line, const Members& request) {
      if (text_member(request, "group") != wanted_.group) return;
      session_.print_json(session_.json ? line : result_line(request));
      if (text_member(request, "state") != "succeeded") worst_ = kFailed;
      if (wanted_.acknowledge) printed.push_back(text_member(request, "id"));
      session_.console.progress("results", ++seen_, wanted_.lines);
    });
    if (const int code = acknowledge(session_, printed); code != kDone) return code;
    if (!session_.console.flush()) return kTryLater;
    return page;
  }

  // A request may go back from packed to queued between two looks.
  std::variant<bool, int> is_under_way() {
    for (const char* state : {"queued", "packed", "queued"}) {
      const auto answer =
          ask(session_,
              {.method = "GET",
               .target = target_of("/v1/requests", {{"group", wanted_.group}, {"state", state}, {"limit", "1"}})});
      if (const auto* code = std::get_if<int>(&answer)) return *code;
      const auto document = read_document(std::get<Answer>(answer).body);
      const auto& requests = member(document, "requests");
      if (requests.IsArray() && !requests.Empty()) return true;
    }
    return false;
  }

  int end_with_fewer() {
    session_.console.talk(std::to_string(seen_) + " of " + std::to_string(wanted_.lines) +
                          " results; the others were acknowledged before, or are no longer kept");
    return worst_;
  }
  int end_too_early() {
    session_.console.talk(std::to_string(seen_) + " of " + std::to_string(wanted_.lines) +
                          " results so far; the others come with: batchctl results --wait --channel " +
                          wanted_.channel);
    return kTryLater;
  }

  Session& session_;
  const GroupResults& wanted_;
  ResultPages pages_;
  WaitLimit deadline_;
  std::size_t seen_ = 0;
  int worst_ = kDone;
};

}  // namespace

int print_group_results(Session& session, const GroupResults& wanted) { return GroupReader(session, wanted).run(); }

}  // namespace batchd::ctl
