#include "tests/page/sample_page.h"

#include "core/version.h"

namespace batchd::proto {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr core::WallTime kNow{core::Duration{1'795'348'800'123}};  // 2026-11-22T12:00:00.123Z

core::Batch batch(std::int64_t number, core::BatchState state, core::SealReason reason, std::int64_t items,
                  core::Duration since) {
  core::Batch b;
  b.id = core::BatchId{(std::int64_t{1'400'000'000'000} + number) << 18};
  b.lane = {"default", "generateContent", number % 3 == 0 ? "gemini-2.5-pro" : "gemini-2.5-flash"};
  b.state = state;
  b.reason = reason;
  b.items = items;
  b.state_since = kNow - since;
  if (state == core::BatchState::done) {
    b.lines.failed = items / 500;
    b.lines.succeeded = items - b.lines.failed;
  }
  return b;
}

core::LaneQueue queue(const char* model, std::int64_t items, core::Duration oldest) {
  core::LaneQueue lane{.id = core::LaneId{1}, .lane = {"default", "generateContent", model}, .owners = {}};
  if (items > 0) lane.owners = {{core::owner_of_uid(1000), items, items * 2'300, items * 410, kNow - oldest}};
  return lane;
}

}  // namespace

AdminPage sample_page(const std::string& hostile) {
  using core::BatchState;
  using core::SealReason;
  AdminPage page{
      .status = {.version = std::string(core::version()), .now = kNow, .started_at = kNow - hours(77), .counts = {}},
      .attention = {},
      .batches = {}};
  auto& status = page.status;
  const std::int64_t counts[]{1'284, 23'117, 418'220, 391, 12, 3};
  for (std::size_t i = 0; i < core::kRequestStates; ++i) {
    status.counts.requests[i] = {counts[i], kNow - minutes(i < 2 ? 1 + 90 * static_cast<int>(i) : 8'000)};
    status.counts.accepted += counts[i];
  }
  status.counts.purged = 1'902'114;
  status.counts.accepted += status.counts.purged;
  status.counts.batches[static_cast<std::size_t>(BatchState::submitted)] = {3, kNow - minutes(91)};
  status.counts.batches[static_cast<std::size_t>(BatchState::uploading)] = {1, kNow - seconds(4)};
  status.counts.batches[static_cast<std::size_t>(BatchState::held)] = {1, kNow - minutes(47)};
  status.counts.batches[static_cast<std::size_t>(BatchState::done)] = {188, kNow - hours(160)};
  status.counts.database_bytes = 3'221'225'472;
  status.counts.wal_bytes = 18'874'368;
  status.free_bytes = 212'000'000'000;
  status.accounts = {{.name = "default", .healthy = true, .use = {5, 1'288'490'188}},
                     {.name = "research",
                      .healthy = false,
                      .detail = hostile.empty() ? "API key not valid. Please pass a valid API key." : hostile,
                      .since = kNow - minutes(12)}};
  status.lanes = {{queue("gemini-2.5-flash", 1'203, seconds(48)), false, 5'120'000, 10'000'000, minutes(38)},
                  {queue("gemini-2.5-pro", 81, seconds(12)), false, 3'300'000, 3'500'000, hours(2)},
                  {queue(hostile.empty() ? "gemini-embedding-001" : hostile.c_str(), 0, {}), true, 0, 10'000'000, {}}};
  status.owners = {{core::owner_of_uid(1000), "", {1'203, 20'000, 400'120, 380, 12, 3}},
                   {core::owner_of_uid(998), "", {0, 3'117, 18'100, 11, 0, 0}},
                   {core::OwnerId{1LL << 33}, hostile.empty() ? "nightly-report" : hostile, {81, 0, 0, 0, 0, 0}}};
  page.batches = {batch(9, BatchState::uploading, SealReason::items, 10'000, seconds(4)),
                  batch(8, BatchState::submitted, SealReason::age, 812, minutes(3)),
                  batch(7, BatchState::submitted, SealReason::deadline, 305, minutes(20)),
                  batch(6, BatchState::held, SealReason::age, 2'000, minutes(47)),
                  batch(5, BatchState::submitted, SealReason::tokens, 10'000, minutes(91)),
                  batch(4, BatchState::done, SealReason::items, 10'000, hours(2)),
                  batch(3, BatchState::done, SealReason::flush, 14, hours(3)),
                  batch(2, BatchState::done, SealReason::age, 2'210, hours(5))};
  page.batches[3].message =
      hostile.empty() ? "the job's name answers 404, and no listing shows it (batches/81uqt445o7hdy250)" : hostile;
  page.attention.held = {page.batches[3]};
  page.attention.accounts = {status.accounts[1]};
  page.attention.paused = {{"", "", hostile.empty() ? "gemini-embedding-001" : hostile}};
  if (!hostile.empty()) page.attention.strange = {{hostile, hostile, hostile, kNow, false}};
  return page;
}

}  // namespace batchd::proto
