// The pages of a listing (files.list, batches.list, cachedContents.list, models.list): one call for each.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/provider.h"
#include "proto/control_document.h"

namespace batchd::proto {

class Pages {
 public:
  // `collection` is what stands before the slash of the names in it: "batches".
  Pages(const std::string& version, const std::string& collection);
  // Returns the call for the page with this token; for the first one it is empty.
  core::HttpCall call(const std::string& token) const;
  // Returns false if the listing doesn't end: the token was there before, or too many pages have come.
  bool may_follow(const std::string& token);

 private:
  const std::string target_;
  std::set<std::string> seen_;  // digests of tokens
  int pages_ = 0;
};

// Returns the token of the page after this one, empty if this is the last. Returns nullopt if the page can't be relied
// upon: it is an error, it leaves out what is out of reach, or its token can't be used.
std::optional<std::string> next_page(const JsonValue& page);

}  // namespace batchd::proto
