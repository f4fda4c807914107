// The chunk decoder without a socket: every case in every fragmentation means the same.
#include "daemon/http/chunks.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace batchd::daemon {
namespace {

enum class End { finished, failed, open };

struct Outcome {
  std::string data;
  End end = End::open;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

void feed(ChunkDecoder& decoder, std::string_view part, Outcome& outcome) {
  while (!part.empty() && !decoder.finished() && !decoder.failed()) {
    const auto step = decoder.step(part);
    outcome.data += step.data;
    outcome.used += step.used;
    part.remove_prefix(step.used);
  }
}

Outcome ended(const ChunkDecoder& decoder, Outcome outcome) {
  outcome.end = decoder.finished() ? End::finished : decoder.failed() ? End::failed : End::open;
  EXPECT_EQ(decoder.wire_bytes(), static_cast<std::int64_t>(outcome.used));
  return outcome;
}

Outcome decode(const std::vector<std::string_view>& parts) {
  ChunkDecoder decoder;
  Outcome outcome;
  for (const auto part : parts) feed(decoder, part, outcome);
  return ended(decoder, std::move(outcome));
}

struct Case {
  std::string wire;
  std::string data;
  End end;
};

std::vector<Case> cases() {
  const std::string zeros(kChunkDigitsMax - 1, '0');
  return {
      {"0\r\n\r\n", "", End::finished},
      {"5\r\nhello\r\n0\r\n\r\n", "hello", End::finished},
      {"5\r\nhello\r\nA\r\n0123456789\r\n1\r\n!\r\n000\r\n\r\n", "hello0123456789!", End::finished},
      {"a\r\n\r\n0\r\n\r\n5\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n5\r\n", End::finished},
      {zeros + "1\r\nx\r\n0\r\n\r\n", "x", End::finished},
      {"1;a=b;c=\"d e\"\r\nx\r\n0;last\r\n\r\n", "x", End::finished},
      {"1;\r\nx\r\n0\r\nX-Sum: 1\r\nY:2\r\n\r\n", "x", End::finished},
      {"1;" + std::string(kChunkLineBytesMax - 3, 'e') + "\r\nx\r\n0\r\n\r\n", "x", End::finished},
      {"0\r\n" + std::string(kTrailerBytesMax, 't') + "\r\n\r\n", "", End::finished},
      // not over
      {"", "", End::open},
      {"5\r\nhel", "hel", End::open},
      {"5\r\nhello\r\n0\r\n\r", "hello", End::open},
      // sizes that aren't one
      {"\r\n", "", End::failed},
      {";x\r\n", "", End::failed},
      {" 5\r\nhello\r\n0\r\n\r\n", "", End::failed},
      {"5 \r\nhello\r\n0\r\n\r\n", "", End::failed},
      {"+5\r\nhello\r\n0\r\n\r\n", "", End::failed},
      {"-1\r\n", "", End::failed},
      {"0x5\r\nhello\r\n0\r\n\r\n", "", End::failed},
      {"5_0\r\n", "", End::failed},
      {"g\r\n", "", End::failed},
      {zeros + "01\r\nx\r\n0\r\n\r\n", "", End::failed},
      {"fffffffffffffffff\r\n", "", End::failed},
      // lines that don't end as they must
      {"5\nhello\r\n0\r\n\r\n", "", End::failed},
      {"5\rhello\r\n0\r\n\r\n", "", End::failed},
      {"5\r\r\nhello\r\n0\r\n\r\n", "", End::failed},
      {"5\r\nhello\n0\r\n\r\n", "hello", End::failed},
      {"5\r\nhello0\r\n\r\n", "hello", End::failed},
      {"5\r\nhello!\r\n0\r\n\r\n", "hello", End::failed},
      {"5\r\nhello\r\r\n0\r\n\r\n", "hello", End::failed},
      {"0\r\n\n", "", End::failed},
      {"0\r\n\rx", "", End::failed},
      {"0\r\nX: 1\n\r\n", "", End::failed},
      {"0\r\n folded: 1\r\n\r\n", "", End::failed},
      {"0\r\nX: \x01\r\n\r\n", "", End::failed},
      {"1;a\nb\r\nx\r\n0\r\n\r\n", "", End::failed},
      {std::string("1;a\0b\r\nx\r\n0\r\n\r\n", 16), "", End::failed},
      // too much of what means nothing
      {"1;" + std::string(kChunkLineBytesMax, 'e') + "\r\nx\r\n0\r\n\r\n", "", End::failed},
      {"0\r\n" + std::string(kTrailerBytesMax + 1, 't') + "\r\n\r\n", "", End::failed},
  };
}

TEST(HttpServerChunks, EveryCaseInEveryFragmentation) {
  std::mt19937 random(1);
  for (const auto& expected : cases()) {
    const auto shown = expected.wire.substr(0, 60);
    // A finished body leaves what follows it to the next request.
    const std::string wire = expected.wire + (expected.end == End::finished ? "GET / HTTP/1.1\r\n" : "");
    const std::string_view all = wire;
    const auto whole = decode({all});
    EXPECT_EQ(whole.data, expected.data) << shown;
    EXPECT_EQ(whole.end, expected.end) << shown;
    if (expected.end == End::finished) {
      EXPECT_EQ(whole.used, expected.wire.size()) << shown;
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i) bytes.push_back(all.substr(i, 1));
    EXPECT_EQ(decode(bytes), whole) << shown;
    if (all.size() < 200) {
      for (std::size_t i = 0; i <= all.size(); ++i)
        for (std::size_t j = i; j <= all.size(); ++j)
          ASSERT_EQ(decode({all.substr(0, i), all.substr(i, j - i), all.substr(j)}), whole) << shown << i << ' ' << j;
    }
    for (int round = 0; round < 50; ++round) {
      std::vector<std::string_view> parts;
      for (std::size_t at = 0; at < all.size();) {
        const auto take = std::min<std::size_t>(1 + random() % 40, all.size() - at);
        parts.push_back(all.substr(at, take));
        at += take;
      }
      ASSERT_EQ(decode(parts), whole) << shown;
    }
  }
}

TEST(HttpServerChunks, DataMayBeReceivedElsewhere) {
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.data_rest(), 0);
  decoder.skip(0);
  EXPECT_EQ(decoder.step("10\r\nab").data, "ab");
  EXPECT_EQ(decoder.data_rest(), 14);
  decoder.skip(10);
  EXPECT_EQ(decoder.data_rest(), 4);
  EXPECT_EQ(decoder.step("cdef\r\n0\r\n").data, "cdef");
  EXPECT_EQ(decoder.step("\r\n0\r\n\r\n").used, 7u);
  decoder.skip(0);
  EXPECT_TRUE(decoder.finished());
  EXPECT_EQ(decoder.wire_bytes(), 4 + 16 + 7);
}

// Damage in any place never crashes and never means different things to a slow and a fast reader.
TEST(HttpServerChunks, DamageMeansTheSameInEveryFragmentation) {
  const std::string good = "5;x=y\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nT: 1\r\n\r\n";
  constexpr std::string_view kBytes("\r\n;0aF \t\0x", 10);
  std::mt19937 random(2);
  for (int i = 0; i < 100'000; ++i) {
    auto wire = good;
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0 && !wire.empty(); --edits) {
      const auto at = random() % wire.size();
      if (random() % 2 == 0)
        wire[at] = kBytes[random() % kBytes.size()];
      else
        wire.erase(at, 1 + random() % 3);
    }
    const std::string_view all = wire;
    const auto split = all.empty() ? 0 : random() % all.size();
    ASSERT_EQ(decode({all.substr(0, split), all.substr(split)}), decode({all})) << wire;
  }
}

}  // namespace
}  // namespace batchd::daemon
