// What all ways to submit a request share: passing its bytes on, and estimating its tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/provider.h"
#include "proto/api/options.h"
#include "proto/json/census.h"

namespace batchd::proto {

// Passes on the bytes of a request object as it goes into a batch, and weighs it. The bytes are the caller's, but for
// raw newlines, which become spaces (a request must be one line of JSONL), and for RequestRules::dropped. If a member
// is dropped, white space around the other members is, too.
class RequestReader {
 public:
  explicit RequestReader(const core::RequestRules& rules);  // `rules` must outlive this
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;

  // Appends what belongs to the request to `out`. The fragments together must be one JSON object, checked by a
  // json::Validator before. Returns false if the request is faulty: see fault(), feed no more.
  bool feed(std::string_view fragment, std::string& out);
  bool finish(std::string& out);                           // call once after the last fragment; as feed()
  const SubmissionFault& fault() const { return fault_; }  // too_large, bad_request
  std::int64_t tokens() const;                             // estimate, of all that was fed

 private:
  struct Filter;
  bool pass(std::string_view bytes, std::string& out);

  const core::RequestRules& rules_;
  json::CensusScan census_;
  std::unique_ptr<Filter> filter_;  // null if nothing is dropped
  std::int64_t bytes_ = 0;          // that were passed on
  SubmissionFault fault_;
};

// Estimates the tokens of a request with this much in it.
std::int64_t estimate_tokens(const json::TextCensus& census, const core::RequestRules& rules);

}  // namespace batchd::proto
