// The JSON validator: its verdict is the same however the bytes are cut, and RapidJSON survives what it accepts.
#include "proto/control_document.h"
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
  if (const auto document = proto::ControlDocument::parse(bytes)) CHECK(document->root().IsObject());
  return 0;
}
