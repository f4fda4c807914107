// Bulk submission: what stands for a line, and what became of all of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/api/options.h"

namespace batchd::proto {

// SHA-256 over everything that a line stands for, so that a line that comes again is known or seen to differ.
// `deadline` is the text that the caller gave: a relative one means another moment whenever it is sent again.
// `request_digest`: SHA-256 of the request's bytes.
std::string line_digest(const Submission& submission, std::string_view deadline, std::string_view request_digest);

struct LineFault {
  std::int64_t line = 0;  // from 1, blank ones counted
  std::string code, detail;
};

struct BulkReport {
  std::string group, channel;
  std::int64_t lines = 0;  // read, without blank ones
  std::int64_t accepted = 0, known = 0, refused = 0;
  std::vector<LineFault> errors;  // the first kLineFaultsShown by line

  void refuse(LineFault fault);
};

std::string bulk_json(const BulkReport& report);
// The same members, to stand in a problem; of one that broke the submission off, the counts alone.
std::string bulk_members(const BulkReport& report);
std::string bulk_counts(const BulkReport& report);

}  // namespace batchd::proto
