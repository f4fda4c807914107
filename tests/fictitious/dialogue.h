// Building blocks of the fictitious providers' dialogues.
#pragma once

#include <cctype>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/check.h"
#include "core/provider.h"
#include "proto/dialogue.h"

namespace batchd::fictitious {

using proto::is_success;
using proto::json_call;
using proto::SingleCall;

// Returns true if `name` is `prefix` and 1 to 64 letters, digits or hyphens, so that it can stand in a path as it is.
inline bool is_safe_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size() || name.size() > prefix.size() + 64) return false;
  for (const char c : name.substr(prefix.size()))
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') return false;
  return true;
}

// Lists all jobs, page by page. Ends with a fault unless every page could be read: a partial listing proves nothing.
class Listing final : public core::Dialogue<core::JobMatches> {
 public:
  struct Page {
    std::vector<core::JobView> jobs;  // those that are wanted
    std::string next;                 // the target of the next page; empty: this is the last one
  };
  using Read = std::function<std::variant<Page, core::Fault>(const core::HttpEvent&)>;

  Listing(std::string first, Read read) : next_(std::move(first)), read_(std::move(read)) {}

  Next step(const core::HttpEvent& event) override {
    if (event.kind != core::HttpEvent::Kind::begin) {
      auto answer = read_(event);
      if (auto* fault = std::get_if<core::Fault>(&answer)) return std::move(*fault);
      auto& page = std::get<Page>(answer);
      for (auto& job : page.jobs)
        if (names_.insert(job.name).second) matches_.jobs.push_back(std::move(job));
      if (page.next.empty()) return std::move(matches_);
      next_ = std::move(page.next);
    }
    if (!asked_.insert(next_).second)
      return core::Fault{.kind = core::Fault::Kind::transient, .message = "the listing doesn't end"};
    return json_call("GET", next_);
  }

 private:
  std::string next_;
  Read read_;
  core::JobMatches matches_;
  std::set<std::string> names_, asked_;
};

}  // namespace batchd::fictitious
