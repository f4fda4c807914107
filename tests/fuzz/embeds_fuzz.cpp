// Lists of requests in one body: the same items however the bytes are cut, each one line of JSON.
#include <string>
#include <utility>

#include "core/limits.h"
#include "proto/gemini/embeds.h"
#include "proto/json/validator.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;
using proto::EmbedsReader;

namespace {

const core::RequestRules kRules{.media = {{"data", ""}}, .dropped = {}};

struct Reading {
  bool fine = false;
  std::vector<proto::EmbedItem> items;
};

Reading read_whole(std::string_view bytes) {
  EmbedsReader reader("m", kRules);
  const bool fed = reader.feed(bytes);
  const bool fine = fed && reader.finish();
  CHECK(fine == reader.fault().code.empty());
  return {fine, std::move(reader.items())};
}

// What was read is taken away at each cut, as code that spools it does.
Reading read_cut(std::string_view bytes) {
  EmbedsReader reader("m", kRules);
  std::vector<std::string> taken;
  const bool fed = fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    const bool fine = reader.feed(fragment);
    taken.resize(reader.items().size());
    for (std::size_t i = 0; i < taken.size(); ++i) taken[i] += std::exchange(reader.items()[i].request, {});
    return fine;
  });
  Reading reading;
  reading.fine = fed && reader.finish();
  reading.items = std::move(reader.items());
  for (std::size_t i = 0; i < taken.size(); ++i) reading.items[i].request.insert(0, taken[i]);
  return reading;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  const auto whole = read_whole(bytes);
  const auto cut = read_cut(bytes);
  CHECK(whole.fine == cut.fine);
  if (whole.fine) {
    CHECK(json::validate(bytes, {.depth_max = core::kJsonDepthMax + 2}));
    CHECK(!whole.items.empty() && whole.items.size() <= proto::kEmbedsPerCallMax);
    CHECK(whole.items.size() == cut.items.size());
    for (std::size_t i = 0; i < whole.items.size(); ++i) {
      const auto& item = whole.items[i];
      CHECK(item.complete && item.tokens > 0 && item.digest.size() == 32);
      CHECK(item.request == cut.items[i].request && item.digest == cut.items[i].digest);
      CHECK(item.request.starts_with('{') && item.request.find('\n') == std::string::npos);
      CHECK(json::validate(item.request, {}));
    }
  }
  proto::EmbeddingScan scan;
  fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    scan.feed(fragment);
    return true;
  });
  if (const auto span = scan.finish()) {
    CHECK(span->offset > 0 && span->bytes >= 2);
    CHECK(bytes.substr(static_cast<std::size_t>(span->offset), 1) == "{");
    CHECK(span->offset + span->bytes < static_cast<std::int64_t>(bytes.size()));
  }
  return 0;
}
