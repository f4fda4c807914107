// Takes credentials, and for operators prompts, out of what a provider says, where it enters: what a dialogue ends with.
#pragma once

#include "core/provider.h"

namespace batchd::daemon {

class ProviderLink;

// Replace the provider's words by what ProviderLink::redacted() makes of them. Names of files and jobs stay.
void redact(const ProviderLink& link, core::Fault& fault);
void redact(const ProviderLink& link, core::JobView& job);
void redact(const ProviderLink& link, core::JobMatches& matches);
void redact(const ProviderLink& link, core::Presence& presence);
// Of the other outcomes nobody reads any words.
template <class Outcome>
void redact(const ProviderLink&, Outcome&) {}

}  // namespace batchd::daemon
