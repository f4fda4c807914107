// What a caller says of a request beside the request itself: members of a JSON body, parameters of a bulk submission.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::proto {

bool is_channel_name(std::string_view name);  // of groups, too: 1..128 bytes of UTF-8, no control characters, no "/"

struct Deadline {
  std::optional<core::WallTime> at;  // either this,
  core::Duration in{};               // or so long after the request came
  core::WallTime from(core::WallTime now) const { return at ? *at : now + in; }
};

struct Submission {
  std::string model;  // without "models/"
  std::string key;    // empty: none
  std::string account = "default";
  std::string endpoint = "generateContent";
  std::string channel;  // empty: none
  std::string labels;   // compact JSON text of an object of strings; empty: none
  std::optional<Deadline> deadline;
  std::optional<bool> fail_at_deadline;
  std::int64_t tokens = 0;  // estimate: text / 4, 258 for each piece of inline media, and 1
};

struct SubmissionFault {
  int status = 400;    // of HTTP: 400, or 413 for too_large
  std::string code;    // bad_json, not_an_object, unknown_member, duplicate_member, missing_member, too_large,
                       // bad_<member>
  std::string detail;  // for people; names members, shows none of their content
  std::optional<std::uint64_t> offset = {};  // bad_json: of the byte that can't be
};

// Options that are texts, by the names that callers use: model, key, account, endpoint, channel, deadline, on_deadline.
std::size_t option_bytes_max(std::string_view name);  // 0: there is no such option
// A fault: code bad_<name>.
std::optional<SubmissionFault> set_option(Submission& submission, std::string_view name, std::string_view text);
// What one option asks of another, when all are set.
std::optional<SubmissionFault> check_options(const Submission& submission);

}  // namespace batchd::proto
