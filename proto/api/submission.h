// What clients send: the body of POST /v1/requests, or a line of a bulk submission, read as it comes; and the small
// bodies of other calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/ids.h"
#include "proto/api/options.h"
#include "proto/cursor.h"

namespace batchd::proto {

// Reads a submission in fragments of any size, with constant memory: the bytes of the request pass through, verbatim
// but for raw newlines, which become spaces (it must be one line of JSONL).
class SubmissionReader {
 public:
  enum class Form : std::uint8_t {
    call,  // {"model","request","key"?,"account"?,"endpoint"?,"channel"?,"deadline"?,"on_deadline"?,"labels"?}
    line,  // {"request","key"?}: the rest is said once for all lines
  };
  explicit SubmissionReader(Form form = Form::call);
  ~SubmissionReader();
  SubmissionReader(SubmissionReader&&) noexcept;
  SubmissionReader& operator=(SubmissionReader&&) noexcept;

  // Appends what belongs to the request to `request_out`. False: faulty, see fault(); feed no more. What was appended
  // is a request only after finish() said so.
  bool feed(std::string_view fragment, std::string& request_out);
  std::optional<Submission> finish();  // none: faulty. Of a line, key and tokens are set
  const SubmissionFault& fault() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The body of POST /v1/results/ack: {"channel"?,"up_to":CURSOR} or {"ids":[...]}.
struct Acknowledgement {
  std::string channel;               // empty: the requests without one
  std::optional<Cursor> up_to;       // either this,
  std::vector<core::RequestId> ids;  // or these, 1 to 1,000
};
struct AcknowledgementRead {
  std::optional<Acknowledgement> acknowledgement;  // none: the fault says why
  SubmissionFault fault;                           // bad_json, unknown_member, duplicate_member, missing_member,
                                                   // bad_channel, bad_cursor, bad_ids
};
AcknowledgementRead parse_acknowledgement(std::string_view body);

// The body of POST /admin/batches/{id}/adopt: {"job":"batches/..."}. Errc::invalid.
core::Result<std::string> parse_adopt(std::string_view body);

}  // namespace batchd::proto
