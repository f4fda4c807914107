// What all ways to submit a request share: passing its bytes on, and estimating its tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/json/validator.h"

namespace batchd::proto {

// Passes on the bytes of a request object verbatim, except for raw newlines: it must be one line of JSONL.
class RequestBytes {
 public:
  // Appends the fragment to `out`. Returns false if the request is longer than kRequestBytesMax.
  bool append(std::string_view fragment, std::string& out);
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};
std::string too_large_request();  // a message for people

// Estimates the tokens of a request from the census of a document in which `other_text_bytes` belong to other members.
std::int64_t estimate_tokens(const json::TextCensus& census, std::int64_t other_text_bytes);

}  // namespace batchd::proto
