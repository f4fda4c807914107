#include "proto/gemini/verbatim.h"

#include <cstddef>
#include <cstdint>

#include "proto/json/members.h"

namespace batchd::proto {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

std::string_view without_array(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || text[first] != '[') return text;
  return text.substr(first + 1, text.find_last_not_of(kBlanks) - first - 1);
}

struct FirstMember : json::MemberHandler {
  explicit FirstMember(std::string_view name) : wanted(name) {}

  void member(std::string_view name, std::uint64_t value_offset) override {
    inside = !found && name == wanted;
    if (inside) offset = static_cast<std::size_t>(value_offset);
  }
  void value(std::string_view) override {}
  void end_value(std::uint64_t value_bytes) override {
    if (!inside) return;
    bytes = static_cast<std::size_t>(value_bytes);
    found = true;
  }

  const std::string_view wanted;
  bool inside = false, found = false;
  std::size_t offset = 0, bytes = 0;
};

}  // namespace

std::string_view member_text(std::string_view object, std::string_view name) {
  object = without_array(object);
  FirstMember member(name);
  json::MemberScan scan(member);
  scan.feed(object);
  return member.found ? object.substr(member.offset, member.bytes) : std::string_view();
}

}  // namespace batchd::proto
