// What reads JSON without parsing it: the member scan finds the same members however the bytes are cut, reports the
// right places of values, and reads every object that the validator accepts to its end; what is left out, taken apart
// or looked for in a document is the same however it is cut, and JSON stays JSON.
#include <string>
#include <vector>

#include "proto/json/elements.h"
#include "proto/json/members.h"
#include "proto/json/omit.h"
#include "proto/json/references.h"
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

// Feeds the bytes whole, and in fragments, to filters of the same kind. Returns what came out, the same both times.
template <class Filter>
std::string filtered(std::string_view bytes) {
  std::string whole, pieces;
  Filter one("a"), other("a");
  one.feed(bytes, whole);
  fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    other.feed(fragment, pieces);
    return true;
  });
  CHECK(whole == pieces);
  return whole;
}

void check_filters(std::string_view bytes) {
  const bool valid = json::validate(bytes, {});
  const auto kept = filtered<json::Omit>(bytes);
  CHECK(!valid || json::validate(kept, {}));
  for (auto lines = filtered<json::Elements>(bytes); valid && !lines.empty();) {
    const auto end = lines.find('\n');
    CHECK(end != std::string::npos && json::validate(lines.substr(0, end), {}));
    lines.erase(0, end + 1);
  }
  std::string whole, pieces;
  json::ReferenceScan one({"a", "b"}, [&](std::string_view value) { whole += value; });
  json::ReferenceScan other({"a", "b"}, [&](std::string_view value) { pieces += value; });
  one.feed(bytes);
  fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    other.feed(fragment);
    return true;
  });
  CHECK(whole == pieces);
}

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
  check_filters(bytes);
  return 0;
}
