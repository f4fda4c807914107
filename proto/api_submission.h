// What clients send: the body of POST /v1/requests, read as it comes, and the small bodies of the admin calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace batchd::proto {

struct Submission {
  std::string model;  // without "models/"
  std::string key;    // empty: none
  std::string account = "default";
  std::string endpoint = "generateContent";
  std::int64_t tokens = 0;  // estimate: text / 4, 258 for each piece of inline media, and 1
};

struct SubmissionFault {
  int status = 400;    // of HTTP: 400, or 413 for too_large
  std::string code;    // bad_json, not_an_object, unknown_member, duplicate_member, missing_member, bad_model, bad_key,
                       // bad_account, bad_endpoint, bad_request, too_large
  std::string detail;  // for people; names members, shows none of their content
  std::optional<std::uint64_t> offset = {};  // bad_json: of the byte that can't be
};

// Reads {"model","request","key"?,"account"?,"endpoint"?} in fragments of any size, with constant memory: the bytes of
// the request pass through, verbatim but for raw newlines, which become spaces (it must be one line of JSONL).
class SubmissionReader {
 public:
  SubmissionReader();
  ~SubmissionReader();
  SubmissionReader(SubmissionReader&&) noexcept;
  SubmissionReader& operator=(SubmissionReader&&) noexcept;

  // Appends what belongs to the request to `request_out`. False: faulty, see fault(); feed no more. What was appended
  // is a request only after finish() said so.
  bool feed(std::string_view fragment, std::string& request_out);
  std::optional<Submission> finish();  // none: faulty
  const SubmissionFault& fault() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The body of POST /admin/batches/{id}/adopt: {"job":"batches/..."}. Errc::invalid.
core::Result<std::string> parse_adopt(std::string_view body);

}  // namespace batchd::proto
