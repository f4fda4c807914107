// Looks at the beginning of a file of requests: whether it is lines of our form at all. A file in another form is told
// once, with what to do, and not once for each of its lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/api/options.h"

namespace batchd::proto {

class FileForm {
 public:
  // `endpoint` is the lane's: requests of some other endpoints have members that this one's never have.
  explicit FileForm(std::string_view endpoint);
  ~FileForm();
  FileForm(FileForm&&) noexcept;

  // Takes the file from its beginning, in fragments of any size and with constant memory. Returns the fault as soon as
  // it is seen: bad_json, unknown_member or bad_request, in one sentence about the whole file. Call finish() at the end
  // of the file, for one without a whole line.
  std::optional<SubmissionFault> take(std::string_view fragment);
  std::optional<SubmissionFault> finish();
  bool decided() const;  // the first line is over: take() looks at nothing more

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace batchd::proto
