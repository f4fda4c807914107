// Parameters and headers that handlers read from the head of a call.
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

// Returns a problem if the query has a parameter that isn't in `known`, or one twice: a misspelt filter must not be
// taken for "everything".
std::optional<proto::Problem> check_parameters(const RequestHead& head, std::initializer_list<std::string_view> known);
// Returns the parameter as a whole number, `otherwise` if it is absent; nullopt if it isn't a whole number from min to
// max.
std::optional<std::int64_t> number_parameter(const RequestHead& head, std::string_view name, std::int64_t otherwise,
                                             std::int64_t min, std::int64_t max);
// Returns ?wait=SECONDS, zero if absent, at most kWaitMax; nullopt if it isn't a whole number of seconds.
std::optional<core::Duration> wait_parameter(const RequestHead& head);
inline constexpr core::Duration kWaitMax = std::chrono::hours(48);

// Returns how often a waiting call sends an interim answer: every `period` to clients that are known to ignore interim
// answers and to time out without them (Node's fetch, and the SDKs on it), or that ask for them (X-Batchd-Interim:
// yes); zero, which means never, to all others, some of which accept only a few (Go before 1.24: five). `client` is
// what the client says of itself elsewhere than in its User-Agent.
core::Duration interim_period(const RequestHead& head, core::Duration period, std::string_view client = {});

// Returns the Idempotency-Key header, empty if absent; nullopt if it is not 1 to 255 printable ASCII characters without
// spaces.
std::optional<std::string> idempotency_key(const RequestHead& head);
// Returns the problem to report if idempotency_key() returns nullopt.
proto::Problem bad_idempotency_key();

}  // namespace batchd::daemon
