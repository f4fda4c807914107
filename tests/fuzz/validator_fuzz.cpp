// The JSON validator: its verdict is the same however the bytes are cut, and RapidJSON survives what it accepts. The
// census of anything at all is the same however it is cut.
#include "proto/control_document.h"
#include "proto/json/census.h"
#include "proto/json/validator.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  for (const bool plain : {false, true}) {
    const json::ValidatorLimits limits{.depth_max = 16, .plain_numbers = plain};
    json::JsonFault fault;
    const bool valid = json::validate(bytes, limits, &fault);
    CHECK(valid || fault.offset <= bytes.size());

    json::Validator cut(limits);
    const bool fed = fuzz::in_fragments(bytes, [&](std::string_view fragment) { return cut.feed(fragment); });
    CHECK((fed && cut.finish()) == valid);
    if (!valid) CHECK(cut.fault().offset == fault.offset && cut.fault().what == fault.what);
  }
  const std::vector<json::MediaRule> rules{{"data", ""}, {"url", "data:"}};
  json::CensusScan whole(rules), pieces(rules);
  whole.feed(bytes);
  fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    pieces.feed(fragment);
    return true;
  });
  const auto census = whole.census();
  CHECK(census.text_bytes == pieces.census().text_bytes && census.media_parts == pieces.census().media_parts);
  CHECK(census.text_bytes + census.media_parts <= bytes.size());
  if (const auto document = proto::ControlDocument::parse(bytes)) CHECK(document->root().IsObject());
  return 0;
}
