// Reads what clients send: the body of POST /v1/requests or a line of a bulk submission, in fragments; and the small
// bodies of other calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/ids.h"
#include "core/provider.h"
#include "proto/api/options.h"
#include "proto/cursor.h"

namespace batchd::proto {

// Returns the rules for requests of an account and endpoint (empty: the account's default); null if there is no such
// account or endpoint. The rules outlive the reader that asks.
using FindRules = std::function<const core::RequestRules*(const std::string& account, const std::string& endpoint)>;

// Reads a submission in fragments of any size, with constant memory. A RequestReader passes the request's bytes on.
class SubmissionReader {
 public:
  // Reads the body of a call:
  // {"model","request","key"?,"account"?,"endpoint"?,"channel"?,"deadline"?,"on_deadline"?,"labels"?}. null is as good
  // as an absent member, but for "request".
  // The rules for its request are those of the account and endpoint that stand before it; `usual`, which must outlive
  // this, if neither does, or if they don't exist. If they turn out to be others, the submission is faulty.
  SubmissionReader(const core::RequestRules& usual, FindRules find_rules);
  // Reads a line, {"request","key"?}: all other options are given once for all lines. `rules` must outlive this.
  explicit SubmissionReader(const core::RequestRules& rules);
  ~SubmissionReader();
  SubmissionReader(SubmissionReader&&) noexcept;
  SubmissionReader& operator=(SubmissionReader&&) noexcept;

  // Appends what belongs to the request to `request_out`. Returns false if the submission is faulty: see fault(), feed
  // no more. What was appended is a valid request only once finish() has returned a submission.
  bool feed(std::string_view fragment, std::string& request_out);
  std::optional<Submission> finish();  // nullopt if faulty. Of a line only key and tokens are set
  const SubmissionFault& fault() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The body of POST /v1/results/ack: {"channel"?,"up_to":CURSOR} or {"ids":[...]}.
struct Acknowledgement {
  std::string channel;               // goes with `up_to`; empty: the requests without a channel
  std::optional<Cursor> up_to;       // acknowledges all up to here, or
  std::vector<core::RequestId> ids;  // acknowledges these, 1 to 1,000
};
struct AcknowledgementRead {
  std::optional<Acknowledgement> acknowledgement;  // nullopt: see `fault`
  SubmissionFault fault;                           // bad_json, unknown_member, duplicate_member, missing_member,
                                                   // bad_channel, bad_cursor, bad_ids
};
AcknowledgementRead parse_acknowledgement(std::string_view body);

// Reads the body of POST /admin/batches/{id}/adopt, {"job":NAME}, and returns the job's name. Errc::invalid if it is
// anything else.
core::Result<std::string> parse_adopt(std::string_view body);

}  // namespace batchd::proto
