// What the handlers of calls ask of a request's head.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/time.h"
#include "daemon/http/http_server.h"
#include "proto/api/api.h"

namespace batchd::daemon {

// Only these parameters, and none of them twice: what is misspelt must not be taken for "everything".
std::optional<proto::Problem> check_parameters(const RequestHead& head, std::initializer_list<std::string_view> known);
// A whole number of min..max; `otherwise` if the parameter isn't there. None: something else.
std::optional<std::int64_t> number_parameter(const RequestHead& head, std::string_view name, std::int64_t otherwise,
                                             std::int64_t min, std::int64_t max);
// ?wait=SECONDS: zero if it isn't there, at most 48 hours. None: not a number.
std::optional<core::Duration> wait_parameter(const RequestHead& head);
inline constexpr core::Duration kWaitMax = std::chrono::hours(48);

// How often a call that waits sends an interim answer: `period` to clients that are known to pass over these and to
// give up without them (Node's fetch, and the SDKs on it), or that ask for them (X-Batchd-Interim: yes); zero, never,
// to all others, some of which take only a few (Go before 1.24: five).
core::Duration interim_period(const RequestHead& head, core::Duration period);

// The Idempotency-Key header; empty: none. None: not 1 to 255 printable ASCII characters.
std::optional<std::string> idempotency_key(const RequestHead& head);
proto::Problem bad_idempotency_key();

}  // namespace batchd::daemon
