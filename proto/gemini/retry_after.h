// How long the provider asks to wait: the header Retry-After (RFC 9110, section 10.2.3), and google.rpc.RetryInfo among
// the details of an error.
#pragma once

#include <optional>
#include <string_view>

#include "core/http.h"
#include "core/time.h"
#include "proto/control_document.h"

namespace batchd::proto {

// Returns what the header asks for, at least zero; nullopt if it isn't there or can't be read. A date in it counts from
// the answer's own date.
std::optional<core::Duration> retry_after(const core::HttpEvent& answer);

// Returns the retryDelay of a RetryInfo ("34.5s") among the details of an error: the longest.
std::optional<core::Duration> retry_delay(const JsonValue& error);

}  // namespace batchd::proto
