#include "ctl/answers/objects.h"
#include "ctl/commands/commands.h"
#include "ctl/console/exit_code.h"
#include "ctl/link/lines.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kWatchSilenceMax{60};  // the daemon sends a comment every 15 s

}  // namespace

int watch(Session& session, const std::string& channel, const std::string& after) {
  std::string cursor = after;
  auto patience = Patience::endless(session);
  bool writable = true;
  EventSink sink([&](const Event& event) {
    if (session.json) {
      session.print_json(event.data);
    } else if (const auto request = scan_members(event.data)) {
      session.print_json(result_line(*request));
    }
    writable = session.console.flush();
    cursor = event.id;
    patience.refresh();
    return writable;
  });
  for (;;) {
    Call call{.method = "GET",
              .target = target_of("/v1/results", {{"channel", channel}}),
              .headers = {{"Accept", "text/event-stream"}},
              .timeout = kWatchSilenceMax,
              .sink = &sink};
    if (!cursor.empty()) call.headers.emplace_back("Last-Event-ID", cursor);
    Reply reply = session.client.call(call);
    if (!writable) return kTryLater;  // reported by the last flush
    // When the daemon stops, the stream ends in order; it is resumed like a broken one.
    if (const auto* answer = std::get_if<Answer>(&reply); answer != nullptr && answer->status / 100 == 2)
      reply = Trouble{Trouble::Kind::broken, "batchd ended the stream"};
    if (!patience.once_more(reply)) return report(session, reply);
  }
}

}  // namespace batchd::ctl
