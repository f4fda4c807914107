#include <gtest/gtest.h>

#include "core/budget.h"
#include "core/check.h"
#include "core/error.h"
#include "core/http.h"
#include "core/limits.h"
#include "core/store.h"

namespace batchd::core {
namespace {

TEST(Budget, NothingIsSealedThatCantGo) {
  const BudgetLimits limits{.jobs = 2, .stored_bytes = 100};
  const struct {
    BudgetUse use;
    bool slot;
  } cases[] = {{{0, 0}, true}, {{1, 0}, true}, {{2, 0}, false}, {{1, 99}, true}, {{0, 100}, false}, {{0, 200}, false}};
  for (const auto& c : cases) EXPECT_EQ(has_slot(c.use, limits), c.slot) << c.use.jobs << ' ' << c.use.stored_bytes;
}

TEST(Counts, BalanceOnlyIfNothingIsLost) {
  Counts counts;
  EXPECT_TRUE(counts.balanced());
  counts.accepted = 6;
  counts.purged = 1;
  counts.requests[0].items = 2;
  counts.requests[5].items = 3;
  EXPECT_TRUE(counts.balanced());
  --counts.requests[5].items;
  EXPECT_FALSE(counts.balanced());
}

TEST(Http, HeadersAreFoundWhateverTheirCase) {
  HttpEvent event;
  event.headers = {{"Content-Type", "a"}, {"content-type", "b"}, {"X", ""}};
  EXPECT_EQ(event.header("CONTENT-TYPE"), "a");
  EXPECT_EQ(event.header("content"), "");
  EXPECT_EQ(event.header("y"), "");
}

TEST(Errors, AreTrueAndNamed) {
  for (int i = 1; i <= static_cast<int>(Errc::stopping); ++i) EXPECT_NE(to_text(static_cast<Errc>(i)), "unknown") << i;
  EXPECT_NE(static_cast<int>(Errc::not_found), 0);
  const Result<int> failed = Error{Errc::stale, "moved"};
  ASSERT_TRUE(failed.has_error());
  EXPECT_THROW(static_cast<void>(failed.value()), std::logic_error);
}

TEST(OwnErrors, HaveTheCodesOfTheApi) {
  const struct {
    ErrorClass kind;
    const char* name;
    int code;
    const char* status;
  } cases[] = {{ErrorClass::other, "other", 2, "UNKNOWN"},
               {ErrorClass::invalid, "invalid", 3, "INVALID_ARGUMENT"},
               {ErrorClass::not_found, "not_found", 5, "NOT_FOUND"},
               {ErrorClass::denied, "denied", 7, "PERMISSION_DENIED"},
               {ErrorClass::exhausted, "exhausted", 8, "RESOURCE_EXHAUSTED"},
               {ErrorClass::unavailable, "unavailable", 14, "UNAVAILABLE"},
               {ErrorClass::internal, "internal", 13, "INTERNAL"},
               {ErrorClass::expired, "expired", 4, "DEADLINE_EXCEEDED"},
               {ErrorClass::cancelled, "cancelled", 1, "CANCELLED"},
               {ErrorClass::data_lost, "data_lost", 15, "DATA_LOSS"}};
  for (const auto& c : cases) {
    const auto error = own_error(c.kind, "words");
    EXPECT_EQ(to_text(c.kind), c.name);
    EXPECT_EQ(error.kind, c.kind) << c.name;
    EXPECT_EQ(error.code, c.code) << c.name;
    EXPECT_EQ(error.status, c.status) << c.name;
    EXPECT_EQ(error.message, "words") << c.name;
    EXPECT_EQ(error.source, ErrorSource::batchd) << c.name;
  }
}

// Relations between bounds that the stages rely on.
TEST(Limits, FitTogether) {
  EXPECT_LE(static_cast<std::int64_t>(kChunkBytesMax), kRequestBytesMax);
  EXPECT_LE(kRequestBytesMax, kResultLineBytesMax);
  EXPECT_GE(kVerbBytesMax, kChunkBytesMax) << "a verb must be able to move one chunk";
  EXPECT_LE(kWireKeyBytes, kFileNameBytesMax);
}

TEST(CheckDeathTest, ABugEndsTheProcess) { EXPECT_DEATH(CHECK(1 == 2), "1 == 2"); }

}  // namespace
}  // namespace batchd::core
