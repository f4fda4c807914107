// The options of a request: members of a JSON body, parameters of a bulk submission.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::proto {

bool is_channel_name(std::string_view name);  // also of groups: 1 to 128 bytes of UTF-8, no control characters, no "/"

struct Deadline {
  std::optional<core::WallTime> at;  // a moment, or
  core::Duration in{};               // if `at` is nullopt: so long after the request came
  core::WallTime from(core::WallTime now) const { return at ? *at : now + in; }
};

struct Submission {
  std::string model;  // as the caller wrote it
  std::string key;    // may be empty
  std::string account = "default";
  std::string endpoint;  // empty: the account's default
  std::string channel;   // may be empty
  std::string labels;    // compact JSON text of an object of strings; may be empty
  std::optional<Deadline> deadline;
  std::optional<bool> fail_at_deadline;
  std::int64_t tokens = 0;  // estimate, by the core::RequestRules of account and endpoint
};

struct SubmissionFault {
  int status = 400;    // HTTP status: 400, or 413 for too_large
  std::string code;    // bad_json, not_an_object, unknown_member, duplicate_member, missing_member, too_large,
                       // bad_<member>
  std::string detail;  // for people; names members, shows none of their content
  std::optional<std::uint64_t> offset = {};  // with bad_json: offset of the first byte that isn't allowed
};

// The options that are texts have these names for callers: model, key, account, endpoint, channel, deadline,
// on_deadline. option_bytes_max() returns 0 for any other name.
std::size_t option_bytes_max(std::string_view name);
// Sets one option. Returns a fault with the code bad_<name> if the text isn't valid for it. Only the account's provider
// knows which models and endpoints there are: here they are texts that could be one.
std::optional<SubmissionFault> set_option(Submission& submission, std::string_view name, std::string_view text);
// Checks, once all options are set, what one option requires of another.
std::optional<SubmissionFault> check_options(const Submission& submission);

}  // namespace batchd::proto
