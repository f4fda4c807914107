#include "proto/api/request.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/limits.h"
#include "core/provider.h"
#include "proto/json/members.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

std::vector<json::MediaRule> media_rules(const core::RequestRules& rules) {
  std::vector<json::MediaRule> media;
  for (const auto& rule : rules.media) media.push_back({.member = rule.member, .begins = rule.begins});
  return media;
}

}  // namespace

// Writes the object anew, with the members that stay.
struct RequestReader::Filter : json::MemberHandler {
  explicit Filter(RequestReader& the_reader) : reader(the_reader) {}

  // json::MemberHandler
  void member(std::string_view name, std::uint64_t) override {
    stays = std::ranges::find(reader.rules_.dropped, name) == reader.rules_.dropped.end();
    if (!stays) return;
    cut_name = cut_name || name.size() >= json::MemberScan::kNameBytesMax;
    std::string text(std::exchange(opened, true) ? "," : "{");
    json::append_string(text, name);
    pass(text + ':');
  }
  void value(std::string_view fragment) override {
    if (stays) pass(fragment);
  }
  void end_value(std::uint64_t) override {}

  void pass(std::string_view bytes) { fits = fits && reader.pass(bytes, *out); }

  RequestReader& reader;
  json::MemberScan scan{*this};
  std::string* out = nullptr;
  bool stays = false, opened = false;
  bool cut_name = false;  // MemberScan has cut a name, so it can't be written
  bool fits = true;
};

RequestReader::RequestReader(const core::RequestRules& rules) : rules_(rules), census_(media_rules(rules)) {
  if (!rules.dropped.empty()) filter_ = std::make_unique<Filter>(*this);
}
RequestReader::~RequestReader() = default;

bool RequestReader::feed(std::string_view fragment, std::string& out) {
  if (!filter_) return pass(fragment, out);
  filter_->out = &out;
  const bool object = filter_->scan.feed(fragment);
  if (!filter_->fits) return false;
  if (!object || filter_->cut_name) fault_ = {.code = "bad_request", .detail = "the name of a member is too long"};
  return object && !filter_->cut_name;
}

bool RequestReader::finish(std::string& out) { return !filter_ || pass(filter_->opened ? "}" : "{}", out); }

bool RequestReader::pass(std::string_view bytes, std::string& out) {
  bytes_ += std::ssize(bytes);
  if (bytes_ > core::kRequestBytesMax) {
    const auto detail = "a request has at most " + std::to_string(core::kRequestBytesMax) + " bytes";
    fault_ = {.status = 413, .code = "too_large", .detail = detail};
    return false;
  }
  census_.feed(bytes);
  const auto start = out.size();
  out += bytes;
  // Raw newlines can only stand outside of strings, where they mean nothing.
  for (const char newline : {'\n', '\r'})
    for (auto at = out.find(newline, start); at != std::string::npos; at = out.find(newline, at + 1)) out[at] = ' ';
  return true;
}

std::int64_t RequestReader::tokens() const { return estimate_tokens(census_.census(), rules_); }

std::int64_t estimate_tokens(const json::TextCensus& census, const core::RequestRules& rules) {
  return static_cast<std::int64_t>(census.text_bytes) / rules.text_bytes_per_token +
         rules.media_tokens * static_cast<std::int64_t>(census.media_parts) + 1;
}

}  // namespace batchd::proto
