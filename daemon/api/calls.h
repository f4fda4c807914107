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

// Returns a problem if a header is there that keeps money from being spent twice, or on another account, and that can't
// be used: an Idempotency-Key that isn't 1 to 255 printable ASCII characters without spaces, an empty X-Batchd-Account,
// or one of them twice. If it were taken for none, the caller would pay for what the header was to prevent. The router
// asks this for every call, so no handler meets such a header.
std::optional<proto::Problem> check_safety_headers(const RequestHead& head);
// Returns the Idempotency-Key; empty if there is none.
std::string idempotency_key(const RequestHead& head);
// Returns a problem if there is an X-Batchd-Account, for calls that are told the account in another way.
std::optional<proto::Problem> account_header_unread(const RequestHead& head);

}  // namespace batchd::daemon
