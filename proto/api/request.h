// What every way to hand in a request has in common: its bytes on their way through, and what it weighs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/json/validator.h"

namespace batchd::proto {

// The bytes of a request object, which pass verbatim but for raw newlines: it must be one line of JSONL.
class RequestBytes {
 public:
  // False: over kRequestBytesMax.
  bool append(std::string_view fragment, std::string& out);
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};
std::string too_large_request();  // for people

// Of a document of which `other_text_bytes` aren't the request's.
std::int64_t estimate_tokens(const json::TextCensus& census, std::int64_t other_text_bytes);

}  // namespace batchd::proto
