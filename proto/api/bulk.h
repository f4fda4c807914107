// Bulk submission: the digest of a line, and the report on all lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/api/options.h"

namespace batchd::proto {

// Returns the SHA-256 over everything that makes up a line, so that a line that comes again is recognised as the same
// or as different. `deadline` is the text that the caller gave, since a relative deadline means another moment each
// time it is sent. `request_digest` is the SHA-256 of the request's bytes.
std::string line_digest(const Submission& submission, std::string_view deadline, std::string_view request_digest);

struct LineFault {
  std::int64_t line = 0;  // from 1, blank ones counted
  std::string code, detail;
};

struct BulkReport {
  std::string group, channel;
  std::int64_t lines = 0;  // lines that were read, without blank ones
  std::int64_t accepted = 0, known = 0, refused = 0;
  std::vector<LineFault> errors;  // those of the first kLineFaultsShown faulty lines, by line number

  void refuse(LineFault fault);
};

std::string bulk_json(const BulkReport& report);
// bulk_members() returns the same members, to be added to a problem; bulk_counts() returns the counts alone, for a
// problem that ended the submission early.
std::string bulk_members(const BulkReport& report);
std::string bulk_counts(const BulkReport& report);

}  // namespace batchd::proto
