#include "core/ids.h"

#include <gtest/gtest.h>

#include <set>

#include "core/limits.h"

namespace batchd::core {
namespace {

constexpr WallTime at_ms(std::int64_t since_2025) { return WallTime(Duration(1'735'689'600'000 + since_2025)); }

TEST(IdSource, IdsCarryTimeNodeAndSequence) {
  IdSource ids(0, 5);
  const auto id = ids.next(at_ms(1000));
  EXPECT_EQ(id >> 22, 1000);
  EXPECT_EQ((id >> 12) & 0x3ff, 5);
  EXPECT_EQ(id & 0xfff, 0);
  EXPECT_EQ(ids.next(at_ms(1000)), id + 1);
  EXPECT_EQ(ids.next(at_ms(1001)) >> 22, 1001);
}

TEST(IdSource, NeverGoesBackwards) {
  IdSource ids(0, 0);
  std::int64_t last = 0;
  for (const std::int64_t ms : {5000, 5000, 4999, 0, -100'000, 5001, 5001, 3}) {
    const auto id = ids.next(at_ms(ms));
    EXPECT_GT(id, last) << ms;
    last = id;
  }
  EXPECT_EQ(ids.high_water(), last);
}

TEST(IdSource, GoesOnFromThePersistedMark) {
  IdSource before(0, 0);
  const auto mark = before.next(at_ms(1'000'000));
  IdSource after(mark, 0);
  EXPECT_GT(after.next(at_ms(10)), mark) << "the clock was set back while the daemon was down";
}

TEST(IdSource, AFullMillisecondBorrowsTheNext) {
  IdSource ids(0, 3);
  std::set<std::int64_t> seen;
  std::int64_t last = 0;
  for (int i = 0; i < 3 * 4096; ++i) {
    const auto id = ids.next(at_ms(7));
    EXPECT_GT(id, last);
    EXPECT_EQ((id >> 12) & 0x3ff, 3) << "the sequence must never run into the node";
    last = id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 3u * 4096);
  EXPECT_EQ(last >> 22, 9);
}

TEST(IdText, IsThirteenCharactersInTheOrderOfTheValues) {
  const std::int64_t values[] = {1, 31, 32, 1'000'000, std::int64_t{1} << 40, INT64_MAX - 1, INT64_MAX};
  std::string last = id_text(0);
  EXPECT_EQ(last, "0000000000000");
  for (const auto value : values) {
    const auto text = id_text(value);
    EXPECT_EQ(text.size(), 13u);
    EXPECT_LT(last, text);
    EXPECT_EQ(parse_id_text(text), value);
    last = text;
  }
  EXPECT_EQ(last, "7zzzzzzzzzzzz");
}

TEST(IdText, OnlyItsOwnTextsAreRead) {
  for (const char* text :
       {"", "0", "000000000000", "00000000000000", "8000000000000", "000000000000A", "000000000000i", "000000000000l",
        "000000000000o", "000000000000u", "000000000000-", "000000000000 ", "-000000000001"})
    EXPECT_EQ(parse_id_text(text), std::nullopt) << text;
  EXPECT_EQ(parse_id<RequestId>("0000000000000"), std::nullopt) << "0 means none";
  EXPECT_EQ(parse_id<RequestId>("0000000000001"), RequestId(1));
}

TEST(WireKey, CarriesBothIds) {
  const BatchId batch(123'456'789'012'345);
  const RequestId request(INT64_MAX);
  const auto key = wire_key(batch, request);
  EXPECT_EQ(key.size(), kWireKeyBytes);
  EXPECT_EQ(key.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-"), std::string::npos);
  const auto parsed = parse_wire_key(key);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->batch, batch);
  EXPECT_EQ(parsed->request, request);
}

TEST(WireKey, ForeignKeysAreNotRead) {
  const auto good = wire_key(BatchId(1), RequestId(2));
  std::string other_separator = good;
  other_separator[13] = '_';
  for (const auto& text : {std::string(), std::string("request-1"), good + '0', good.substr(1), other_separator,
                           wire_key(BatchId(0), RequestId(2)), wire_key(BatchId(1), RequestId(0))})
    EXPECT_FALSE(parse_wire_key(text)) << text;
}

TEST(UploadName, FitsTheProvidersLimit) {
  EXPECT_EQ(upload_name(BatchId(1), 2), "0000000000001-2");
  EXPECT_LE(upload_name(BatchId(INT64_MAX), INT32_MAX).size(), kFileNameBytesMax);
  EXPECT_NE(upload_name(BatchId(1), 1), upload_name(BatchId(1), 2));
}

TEST(Owners, RootIsSomebody) {
  EXPECT_TRUE(owner_of_uid(0));
  EXPECT_EQ(owner_of_uid(1000).value(), 1001);
}

}  // namespace
}  // namespace batchd::core
