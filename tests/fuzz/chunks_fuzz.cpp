// A chunked body: the same data and the same end however it comes and whoever receives the data; and it is finished if,
// and only if, a plain reading of the whole finds sizes, data and a trailer within their bounds.
#include "daemon/http/chunks.h"

#include <charconv>
#include <optional>
#include <string>

#include "tests/fuzz/fuzz.h"

using namespace batchd;
using namespace batchd::daemon;

namespace {

struct Outcome {
  std::string data;
  std::size_t used = 0;
  bool finished = false;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

// Takes what it can of `bytes`. With `elsewhere`, every other piece of data goes past the decoder.
void feed(ChunkDecoder& decoder, std::string_view bytes, bool elsewhere, Outcome& outcome) {
  for (bool past = elsewhere; !bytes.empty() && !decoder.finished() && !decoder.failed(); past = elsewhere && !past) {
    const auto rest = decoder.data_rest();
    CHECK(rest >= 0 && rest < std::int64_t{1} << (4 * kChunkDigitsMax));
    if (elsewhere) decoder.skip(0);
    std::size_t used = 0;
    if (past && rest > 0) {
      used = std::min(bytes.size(), static_cast<std::size_t>(std::min<std::int64_t>(rest, 7)));
      outcome.data += bytes.substr(0, used);
      decoder.skip(static_cast<std::int64_t>(used));
    } else {
      const auto step = decoder.step(bytes);
      CHECK(step.used > 0 && step.used <= bytes.size() && step.data.size() <= step.used);
      CHECK(step.data.empty() || step.data.data() + step.data.size() == bytes.data() + step.used);
      outcome.data += step.data;
      used = step.used;
    }
    outcome.used += used;
    bytes.remove_prefix(used);
  }
}

Outcome ended(ChunkDecoder& decoder, Outcome outcome) {
  outcome.finished = decoder.finished();
  outcome.failed = decoder.failed();
  CHECK(!(outcome.finished && outcome.failed));
  CHECK(decoder.wire_bytes() == static_cast<std::int64_t>(outcome.used));
  if (!outcome.finished && !outcome.failed) return outcome;
  CHECK(decoder.data_rest() == 0 && decoder.step("0\r\n\r\n").used == 0);
  CHECK(decoder.finished() == outcome.finished && decoder.failed() == outcome.failed);
  return outcome;
}

Outcome decode_whole(std::string_view bytes) {
  ChunkDecoder decoder;
  Outcome outcome;
  feed(decoder, bytes, false, outcome);
  return ended(decoder, std::move(outcome));
}

Outcome decode_cut(std::string_view bytes, bool elsewhere) {
  ChunkDecoder decoder;
  Outcome outcome;
  fuzz::in_fragments(bytes, [&](std::string_view fragment) {
    feed(decoder, fragment, elsewhere, outcome);
    return !decoder.finished() && !decoder.failed();
  });
  return ended(decoder, std::move(outcome));
}

bool values(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 32 && c != 127); });
}

// The line that begins at `at`, without its CR LF, which is passed.
std::optional<std::string_view> take_line(std::string_view bytes, std::size_t& at) {
  const auto end = bytes.find("\r\n", at);
  if (end == bytes.npos) return std::nullopt;
  const auto line = bytes.substr(at, end - at);
  at = end + 2;
  return line;
}

// The size that a line says, if it may stand there.
std::optional<std::int64_t> size_of(std::string_view line) {
  const auto digits = line.substr(0, line.find_first_not_of("0123456789abcdefABCDEF"));
  const auto extension = line.substr(digits.size());
  if (digits.empty() || digits.size() > kChunkDigitsMax || line.size() >= kChunkLineBytesMax) return std::nullopt;
  if (!extension.empty() && (extension[0] != ';' || !values(extension))) return std::nullopt;
  std::int64_t size = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  return size;
}

// What a finished body holds; nothing if these bytes have none at their front.
std::optional<Outcome> read_plainly(std::string_view bytes) {
  Outcome outcome;
  auto& at = outcome.used;
  for (;;) {
    const auto line = take_line(bytes, at);
    const auto size = line ? size_of(*line) : std::nullopt;
    if (!size) return std::nullopt;
    if (*size == 0) break;
    if (*size > static_cast<std::int64_t>(bytes.size() - at)) return std::nullopt;
    outcome.data += bytes.substr(at, static_cast<std::size_t>(*size));
    at += static_cast<std::size_t>(*size);
    if (const auto rest = take_line(bytes, at); !rest || !rest->empty()) return std::nullopt;
  }
  for (std::size_t trailer = 0;;) {
    const auto line = take_line(bytes, at);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    trailer += line->size();
    if (trailer > kTrailerBytesMax || line->front() == ' ' || line->front() == '\t' || !values(*line))
      return std::nullopt;
  }
  outcome.finished = true;
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  const auto whole = decode_whole(bytes);
  CHECK(decode_cut(bytes, false) == whole);
  CHECK(decode_cut(bytes, true) == whole);
  const auto plain = read_plainly(bytes);
  CHECK(plain.has_value() == whole.finished);
  if (plain) CHECK(*plain == whole);
  if (!whole.finished && !whole.failed) CHECK(whole.used == bytes.size());
  return 0;
}
