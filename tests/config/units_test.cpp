#include "config/units.h"

#include <gtest/gtest.h>

namespace batchd::config {
namespace {

TEST(Units, DurationsAreRead) {
  const struct {
    const char* text;
    std::optional<std::int64_t> ms;
  } cases[] = {
      {"500ms", 500},
      {"60s", 60'000},
      {"15m", 900'000},
      {"48h", 172'800'000},
      {"7d", 604'800'000},
      {"0s", 0},
      {"2 h", 7'200'000},
      {"", {}},
      {"60", {}},
      {"s", {}},
      {"-1s", {}},
      {"1.5h", {}},
      {"60S", {}},
      {"60s ", {}},
      {" 60s", {}},
      {"1  s", {}},
      {"60sec", {}},
      {"1h30m", {}},
      {"9223372036854775807d", {}},
      {"99999999999999999999ms", {}},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_duration(c.text);
    EXPECT_EQ(parsed.value_or(core::Duration(-1)).count(), c.ms.value_or(-1)) << c.text;
  }
}

TEST(Units, SizesAreRead) {
  const struct {
    const char* text;
    std::optional<std::int64_t> bytes;
  } cases[] = {
      {"1GiB", 1 << 30},
      {"20 GB", 20'000'000'000},
      {"64KiB", 65'536},
      {"3MB", 3'000'000},
      {"1kB", 1000},
      {"1KB", 1000},
      {"17B", 17},
      {"1TiB", std::int64_t{1} << 40},
      {"1", {}},
      {"1GIB", {}},
      {"1 Gib", {}},
      {"-1B", {}},
      {"9000000000TB", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_size(c.text), c.bytes) << c.text;
}

TEST(Units, WhatIsPrintedIsReadBack) {
  for (const std::int64_t value : {0LL, 1LL, 999LL, 1000LL, 1024LL, 60'000LL, 90'000LL, 604'800'000LL, 123'456'789LL}) {
    EXPECT_EQ(parse_duration(duration_text(core::Duration(value)))->count(), value);
    EXPECT_EQ(parse_size(size_text(value)), value);
  }
  EXPECT_EQ(duration_text(std::chrono::hours(168)), "7d");
  EXPECT_EQ(duration_text(std::chrono::seconds(90)), "90s");
  EXPECT_EQ(size_text(1 << 30), "1GiB");
  EXPECT_EQ(size_text(20'000'000'000), "20GB");
}

}  // namespace
}  // namespace batchd::config
