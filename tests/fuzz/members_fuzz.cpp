// The member scan: it finds the same members however the bytes are cut, reports the right places of values, and reads
// every object that the validator accepts to its end.
#include <string>
#include <vector>

#include "proto/json/members.h"
#include "proto/json/validator.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;

namespace {

struct Members : json::MemberHandler {
  struct One {
    std::string name, value;
    std::uint64_t offset = 0;
    bool ended = false;
    bool operator==(const One&) const = default;
  };
  void member(std::string_view name, std::uint64_t offset) override { all.push_back({std::string(name), "", offset}); }
  void value(std::string_view fragment) override { all.back().value += fragment; }
  void end_value(std::uint64_t bytes) override {
    CHECK(bytes == all.back().value.size());
    all.back().ended = true;
  }
  std::vector<One> all;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  Members whole;
  json::MemberScan scan(whole);
  const bool good = scan.feed(bytes) && scan.finish();

  Members pieces;
  json::MemberScan cut(pieces);
  const bool fed = fuzz::in_fragments(bytes, [&](std::string_view fragment) { return cut.feed(fragment); });
  CHECK((fed && cut.finish()) == good);
  if (good) CHECK(whole.all == pieces.all);
  for (const auto& one : whole.all) {
    CHECK(one.name.size() <= json::MemberScan::kNameBytesMax);
    if (one.ended) CHECK(bytes.substr(one.offset, one.value.size()) == one.value);
  }
  const auto first = bytes.find_first_not_of(" \t\r\n");
  const bool object = first != std::string_view::npos && bytes[first] == '{' && json::validate(bytes, {});
  CHECK(!object || good);
  std::string text;
  json::unescape(bytes, text);
  return 0;
}
