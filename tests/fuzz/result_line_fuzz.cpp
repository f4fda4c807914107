// Result lines: they are read the same however the bytes are cut, the response is inside of the line, and the reader
// works afterwards. "BATCH" and "REQUEST" keys can't be guessed: a K at the front makes the line one of ours.
#include <string>

#include "core/limits.h"
#include "proto/gemini/gemini.h"
#include "proto/json/validator.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;

namespace {

const auto kGemini = proto::make_gemini();
const auto kReader = kGemini->result_reader();

void check_same(const core::ResultLine& a, const core::ResultLine& b) {
  CHECK(a.kind == b.kind && a.key.has_value() == b.key.has_value());
  CHECK(a.value_offset == b.value_offset && a.value_bytes == b.value_bytes && a.prompt_tokens == b.prompt_tokens);
  CHECK(a.error.code == b.error.code && a.error.message == b.error.message && a.error.body == b.error.body);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string line(fuzz::text(data, size));
  if (line.starts_with("K{"))
    line.replace(0, 2, "{\"key\":\"" + core::wire_key(core::BatchId{7}, core::RequestId{9}) + "\",");
  kReader->feed(line);
  const auto whole = kReader->end_line();
  fuzz::in_fragments(line, [](std::string_view fragment) {
    kReader->feed(fragment);
    return true;
  });
  check_same(whole, kReader->end_line());
  if (whole.kind == core::ResultLine::Kind::success) {
    const auto offset = static_cast<std::size_t>(whole.value_offset);
    const auto bytes = static_cast<std::size_t>(whole.value_bytes);
    CHECK(offset < line.size() && bytes >= 2 && offset + bytes < line.size());
    CHECK(line[offset] == '{' && line[offset + bytes - 1] == '}');
    CHECK(whole.prompt_tokens.value_or(0) >= 0);
  }
  if (whole.kind == core::ResultLine::Kind::error) {
    const auto& body = whole.error.body;
    CHECK(body.size() <= core::kProviderErrorBytesMax);
    CHECK(body.empty() || (json::validate(body, {}) && line.find(body) != std::string::npos));
  }
  kReader->feed("{\"response\":{\"usageMetadata\":{\"promptTokenCount\":3}}}");
  CHECK(kReader->end_line().prompt_tokens == 3);
  return 0;
}
