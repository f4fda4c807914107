// :batchEmbedContents, the call by which SDKs embed: many requests in one body, and one answer made of many responses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/api/options.h"

namespace batchd::proto {

// One of the list: a request of embedContent.
struct EmbedItem {
  std::string request;  // what was read of it since somebody took it away
  bool complete = false;
  std::int64_t tokens = 0;  // complete: an estimate
  std::string digest;       // complete: SHA-256 of its bytes as they came
};

// Reads {"requests":[{"model"?,"content",...},...],"model"?} in fragments of any size. Each item passes as the body of
// a call of its own does (GeminiBodyReader), and there are 1 to kEmbedsPerCallMax of them.
class EmbedsReader {
 public:
  explicit EmbedsReader(std::string_view model);
  ~EmbedsReader();
  bool feed(std::string_view fragment);  // false: faulty, see fault(); feed no more
  bool finish();                         // false: faulty
  std::vector<EmbedItem>& items();       // so far; only the last may be incomplete
  const SubmissionFault& fault() const;  // names an item as requests[0], the first

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Finds the value of "embedding" in a response of embedContent, fragment by fragment.
class EmbeddingScan {
 public:
  struct Span {
    std::int64_t offset = 0, bytes = 0;
  };
  EmbeddingScan();
  ~EmbeddingScan();
  void feed(std::string_view fragment);
  std::optional<Span> finish();  // none: there isn't exactly one

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace batchd::proto
