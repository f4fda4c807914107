// Picks a few members out of one object of a result line, in one pass and in constant memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/types.h"
#include "proto/json/members.h"

namespace batchd::fictitious {

class LineMembers final : private json::MemberHandler {
 public:
  struct Found {
    std::string name;
    LineMembers* inside = nullptr;  // reads the members of this member's value; may be null
    int times = 0;
    std::int64_t offset = 0, bytes = 0;  // of the value, in the object
    std::string kept;                    // its beginning

    bool whole() const { return static_cast<std::int64_t>(kept.size()) == bytes; }
    // Returns true if the member came exactly once, with a value other than null.
    bool given() const { return times == 1 && kept != "null"; }
    bool object() const { return given() && kept.starts_with('{'); }
    std::string text() const;                    // empty if the value isn't a string
    std::optional<std::int64_t> number() const;  // nullopt if it isn't a whole number
  };

  explicit LineMembers(std::vector<Found> wanted) : found_(std::move(wanted)) {}
  LineMembers(const LineMembers&) = delete;

  void begin();
  void feed(std::string_view fragment) { intact_ = intact_ && scan_->feed(fragment); }
  bool end() { return intact_ && scan_->finish(); }  // false unless one whole object was fed
  const Found& at(std::string_view name) const;

 private:
  void member(std::string_view name, std::uint64_t value_offset) override;
  void value(std::string_view fragment) override;
  void end_value(std::uint64_t value_bytes) override;
  json::MemberHandler& handler() { return *this; }

  std::vector<Found> found_;
  Found* now_ = nullptr;
  bool intact_ = true;
  std::optional<json::MemberScan> scan_{std::in_place, handler()};
};

// Returns the wire key in this member; nullopt unless it came exactly once and is one.
std::optional<core::WireKey> wire_key_in(const LineMembers::Found& member);

}  // namespace batchd::fictitious
