#include "ctl/answers/document.h"
#include "ctl/commands/commands.h"
#include "ctl/console/exit_code.h"
#include "ctl/link/lines.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kAuditSilenceMax{600};  // findings are rare, and every body is read

}  // namespace

int audit(Session& session) {
  std::optional<std::int64_t> findings;
  std::string summary;
  LineSink sink([&](const std::string& line) {
    const auto document = read_document(line);
    const auto& count = member(document, "findings");
    if (count.IsInt64()) {
      findings = count.GetInt64();
      summary = std::to_string(number(member(*document, "bodies"))) + " bodies and " +
                std::to_string(number(member(*document, "requests"))) + " requests read: " + std::to_string(*findings) +
                (*findings == 1 ? " finding" : " findings");
    }
    if (session.json)
      session.print_json(line);
    else if (document && !count.IsInt64())
      session.console.data(printable(text(member(*document, "finding"))));
    return true;
  });
  const auto answer = ask(session, {.method = "GET",
                                    .target = "/admin/audit",
                                    .repeatable = false,  // findings would be printed twice
                                    .timeout = kAuditSilenceMax,
                                    .sink = &sink});
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  if (!findings) {
    session.console.talk("the audit ended before its last line: it isn't complete");
    return kUnavailable;
  }
  session.console.talk(summary);
  return *findings == 0 ? kDone : kBadInput;
}

}  // namespace batchd::ctl
