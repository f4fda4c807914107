#include "ctl/commands/commands.h"
#include "ctl/commands/requests.h"
#include "ctl/commands/result_pages.h"
#include "ctl/console/exit_code.h"
#include "ctl/link/lines.h"

namespace batchd::ctl {
namespace {

constexpr std::size_t kResultPageLines = 500;

}  // namespace

std::variant<std::size_t, int> ResultPages::next(Seconds wait, std::size_t limit, const Take& take) {
  Patience patience(session_);
  std::size_t count = 0;
  bool nonsense = false;
  LineSink sink([&](const std::string& line) {
    const auto request = scan_members(line);
    auto cursor = request ? text_member(*request, "cursor") : std::string();
    nonsense = cursor.empty();
    if (nonsense) return false;
    take(line, *request);
    after_ = std::move(cursor);
    ++count;
    return true;
  });
  for (;;) {
    const auto left = limit - count;
    const auto before = count;
    const auto reply = session_.client.call(
        {.method = "GET",
         .target = target_of("/v1/results", {{"channel", channel_},
                                             {"after", after_},
                                             {"wait", count == 0 ? std::to_string(wait.count()) : ""},
                                             {"limit", std::to_string(left)}}),
         .timeout = wait + kAnswerTime,
         .sink = &sink});
    if (nonsense) {
      session_.console.talk("the daemon's answer isn't a list of results");
      return kUnavailable;
    }
    const auto* answer = std::get_if<Answer>(&reply);
    if ((answer != nullptr && answer->status / 100 == 2) || count == limit) return count;
    if (count > before) patience.refresh();
    if (!patience.once_more(reply)) return report(session_, reply);
  }
}

int results(Session& session, const ResultOptions& options) {
  ResultPages pages(session, options.channel, options.after);
  const auto deadline = limit_of(options.wait.value_or(Wait{Seconds(0)}));
  const auto limit = options.limit > 0 ? static_cast<std::size_t>(options.limit) : SIZE_MAX;
  std::vector<std::string> printed;  // of this page
  std::size_t total = 0;
  const auto print = [&](const std::string& line, const Members& request) {
    session.print_json(session.json ? line : result_line(request));
    if (options.acknowledge) printed.push_back(text_member(request, "id"));
  };
  while (total < limit) {
    printed.clear();
    const auto poll = total == 0 ? next_poll(deadline) : Seconds(0);
    const auto page = pages.next(poll, std::min(kResultPageLines, limit - total), print);
    // Lines that came before a page broke off were printed as well.
    if (const int code = acknowledge(session, printed); code != kDone) return code;
    if (const auto* code = std::get_if<int>(&page)) return *code;
    const auto count = std::get<std::size_t>(page);
    total += count;
    if (count > 0) continue;
    if (total > 0 || !options.wait || (deadline && std::chrono::steady_clock::now() >= *deadline)) break;
  }
  if (total == 0)
    session.console.talk("no results" + std::string(options.channel.empty() ? "" : " in channel " + options.channel) +
                         (options.wait ? " yet" : "; --wait waits for some"));
  else if (!options.acknowledge)
    session.console.talk("they stay until they are acknowledged (--ack); later ones only: --after " + pages.after());
  return total == 0 && options.wait ? kTryLater : kDone;
}

}  // namespace batchd::ctl
