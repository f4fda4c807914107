#include "daemon/provider/redact.h"

#include "core/secrets.h"
#include "daemon/provider/provider_link.h"

namespace batchd::daemon {
namespace {

void redact_words(const ProviderLink& link, std::string& words) {
  if (!words.empty()) words = link.redacted(words);
}

void redact_error(const ProviderLink& link, core::RequestError& error) {
  redact_words(link, error.message);
  redact_words(link, error.body);
}

void redact_lines(const ProviderLink& link, std::vector<core::LineRefusal>& lines) {
  for (auto& line : lines) redact_error(link, line.error);
}

}  // namespace

// `message` is for operators, `error` for the owners of the requests, who may see what they wrote.
void redact(const ProviderLink& link, core::Fault& fault) {
  redact_words(link, fault.message);
  fault.message = core::without_quotes(fault.message);
  if (fault.error) redact_error(link, *fault.error);
  redact_lines(link, fault.lines);
}

void redact(const ProviderLink& link, core::JobView& job) {
  if (job.error) redact_error(link, *job.error);
  redact_lines(link, job.refused);
}

void redact(const ProviderLink& link, core::JobMatches& matches) {
  for (auto& job : matches.jobs) redact(link, job);
}

void redact(const ProviderLink& link, core::Presence& presence) {
  if (presence.error) redact_error(link, *presence.error);
}

}  // namespace batchd::daemon
