// :batchEmbedContents, with which SDKs embed: many requests in one body, and one answer made of many responses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider.h"
#include "proto/api/options.h"

namespace batchd::proto {

inline constexpr std::size_t kEmbedsPerCallMax = 100;  // requests in one call, as at Gemini

// One item of the list: a request of embedContent.
struct EmbedItem {
  std::string request;  // what was read of it since the caller last took this text
  bool complete = false;
  std::int64_t tokens = 0;  // estimate, set once complete
  std::string digest;       // SHA-256 of its bytes as they came, set once complete
};

// Reads {"requests":[{"model"?,"content",...},...],"model"?} in fragments of any size. Each item is treated as the body
// of a single call (GeminiBodyReader); there must be 1 to kEmbedsPerCallMax items.
class EmbedsReader {
 public:
  EmbedsReader(std::string_view model, const core::RequestRules& rules);  // `rules` must outlive this
  ~EmbedsReader();
  bool feed(std::string_view fragment);  // false if faulty: see fault(), feed no more
  bool finish();                         // false if faulty
  std::vector<EmbedItem>& items();       // the items so far; only the last may be incomplete
  const SubmissionFault& fault() const;  // names items as requests[N], counted from 0

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Finds the value of "embedding" in a response of embedContent that comes in fragments.
class EmbeddingScan {
 public:
  struct Span {
    std::int64_t offset = 0, bytes = 0;
  };
  EmbeddingScan();
  ~EmbeddingScan();
  void feed(std::string_view fragment);
  std::optional<Span> finish();  // nullopt unless there is exactly one, an object

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace batchd::proto
