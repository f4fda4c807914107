// Finds in a response how many tokens of the prompt the provider counted. Constant memory; the response is never
// parsed, and anything unexpected in it only means that there is no number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/json/members.h"

namespace batchd::proto {

// Collects one short number: the value of a member that must occur exactly once. A string of digits counts as a number.
class CountSlot {
 public:
  void begin();  // call when the member occurs
  void feed(std::string_view fragment);
  std::optional<std::int64_t> number() const;

 private:
  int times_ = 0;
  bool whole_ = true;
  std::string kept_;
};

// Reads usageMetadata itself: {"promptTokenCount":8,...}
class UsageScan : private json::MemberHandler {
 public:
  void begin();
  void feed(std::string_view fragment) { good_ = good_ && scan_->feed(fragment); }
  std::optional<std::int64_t> end();

 private:
  void member(std::string_view name, std::uint64_t value_offset) override;
  void value(std::string_view fragment) override;
  void end_value(std::uint64_t) override {}

  bool good_ = false;
  bool wanted_ = false;
  CountSlot count_;
  std::optional<json::MemberScan> scan_;
};

// Reads a response in fragments: begin(), feed() all of it, end(), which returns its usageMetadata.promptTokenCount, or
// the tokenCount that gemini-embedding-001 sends instead.
class PromptTokenScan : private json::MemberHandler {
 public:
  void begin();
  void feed(std::string_view fragment) { good_ = good_ && scan_->feed(fragment); }
  std::optional<std::int64_t> end();

 private:
  enum class Which : std::uint8_t { none, usage, token_count };

  void member(std::string_view name, std::uint64_t value_offset) override;
  void value(std::string_view fragment) override;
  void end_value(std::uint64_t value_bytes) override;

  bool good_ = false;
  Which which_ = Which::none;
  int usages_ = 0;
  UsageScan usage_;
  std::optional<std::int64_t> usage_count_;
  CountSlot token_count_;
  std::optional<json::MemberScan> scan_;
};

}  // namespace batchd::proto
