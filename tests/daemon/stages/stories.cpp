#include "tests/daemon/stages/stories.h"

#include <algorithm>

#include "tests/harness/size.h"

namespace batchd::daemon::testing {
namespace {

#if defined(BATCHD_WITH_ASAN) || defined(BATCHD_WITH_TSAN)
constexpr int kSlowBuild = 6;
#else
constexpr int kSlowBuild = 1;
#endif
constexpr int kRoundsMax = 60;
constexpr Duration kRound = 2min;

}  // namespace

Story::Story() : AnyWorld(*GetParam()) {
  config.packing.limits.max_age = 1s;
  config.polling.first = config.polling.max = 1min;
  config.polling.output_grace = 2min;
  config.retry.first = config.retry.max = 1min;
  config.submission.quarantine = 3min;
  config.submission.reconcile_first = config.submission.reconcile_max = 1min;
  config.submission.throttle_first = config.submission.throttle_max = 1min;
}

std::int64_t Story::unfinished() {
  const auto counts = ask([](Store& store) { return store.counts(); });
  return counts.requests[static_cast<std::size_t>(RequestState::queued)].items +
         counts.requests[static_cast<std::size_t>(RequestState::packed)].items;
}

void Story::until_a_job_is_open() {
  for (int round = 0; round < kRoundsMax && fake->open_jobs().empty(); ++round) pass(kRound);
  ASSERT_FALSE(fake->open_jobs().empty());
}

void Story::finish(const fictitious::Ending& ending) {
  for (int round = 0; round < kRoundsMax; ++round) {
    pass(kRound);
    if (unfinished() == 0) return;
    for (const auto& held : batches(BatchState::held)) decide(held);
    const auto known = batches(BatchState::submitted);
    for (const auto& job : fake->open_jobs())
      if (std::ranges::find(known, job, &Batch::job) != known.end()) fake->end(job, ending);
  }
  ADD_FAILURE() << unfinished() << " requests still wait";
}

std::vector<RequestId> Story::requests_of(const std::string& job) const {
  std::vector<RequestId> requests;
  for (const auto& key : fake->keys_of(job))
    if (const auto parsed = parse_wire_key(key)) requests.push_back(parsed->request);
  return requests;
}

void Story::decide(const Batch& held) {
  ++decisions;
  EXPECT_TRUE(blind()) << held.message;
  EXPECT_FALSE(held.message.empty());
  std::vector<std::string> own;
  for (const auto& job : fake->all_jobs()) {
    const auto keys = fake->keys_of(job);
    const auto its = [&](const std::string& key) { return key.starts_with(to_text(held.id) + "-"); };
    if (std::ranges::any_of(keys, its)) own.push_back(job);
  }
  for (const auto& job : own) {
    EXPECT_EQ(held.message.find(job) == std::string::npos, job_came_late) << job << " may be its own: " << held.message;
    const auto open = fake->open_jobs();
    if (job != own.front() && std::ranges::find(open, job) != open.end()) fake->stop(job);
  }
  // What batchctl adopt does, and batchctl requeue.
  BatchPatch patch;
  if (own.empty()) {
    patch.released = true;
  } else {
    patch.job = own.front();
    patch.message = "";
    patch.submitted_at = wall();
  }
  ask([&](Store& store) {
    const auto to = own.empty() ? BatchState::collecting : BatchState::submitted;
    return store.mark(held.id, BatchState::held, to, patch, wall());
  });
}

int Story::at_each_moment(int one_in, const std::function<void()>& begin) {
  const int step = harness::size_of("BATCHD_KILLS_ONE_IN", one_in * kSlowBuild, 1);
  for (int moment = static_cast<int>(vendor.name.size()) % step;; moment += step) {
    SCOPED_TRACE("killed at moment " + std::to_string(moment));
    start_over();
    begin();
    const auto annas = accept_many(2, kAnna);
    const auto bobs = accept_many(1, kBob);
    kill_after(moment);
    finish();
    const bool killed = was_killed();
    const bool refuses = !fake->refused.empty();  // the second request
    expect_delivered(refuses ? std::vector{annas[0]} : annas, kAnna);
    expect_delivered(bobs, kBob);
    EXPECT_EQ(request(annas[1]).state, refuses ? RequestState::failed : RequestState::succeeded);
    expect_books(blind() ? possibly_charged() : 0);  // without tags what an operator sent again is booked
    if (!killed || HasFailure()) return moment;
  }
}

void Story::expect_delivered(const std::vector<RequestId>& ids, OwnerId owner) {
  for (const auto id : ids) {
    const auto view = request(id, owner);
    EXPECT_EQ(to_text(view.state), to_text(RequestState::succeeded)) << to_text(id);
    if (view.state != RequestState::succeeded) continue;
    const auto body = ask([&](Store& store) { return store.read_chunk(view.body.id, 0); });
    EXPECT_NE(response_of(id, owner).find("\"echo\":" + body + "}"), std::string::npos) << response_of(id, owner);
    const auto paid = fake->paid.find(id);
    EXPECT_EQ(paid == fake->paid.end() ? 0 : paid->second, 1) << to_text(id);
  }
}

std::int64_t Story::possibly_charged() {
  std::int64_t sum = 0;
  for (const auto& batch : batches()) sum += batch.lines.possibly_charged;
  return sum;
}

void Story::expect_books(std::int64_t booked) {
  for (const auto& [id, times] : fake->paid) EXPECT_LE(times, 1) << to_text(id);
  EXPECT_EQ(possibly_charged(), booked);
  EXPECT_TRUE(fake->open_jobs().empty()) << "somebody pays for " << fake->open_jobs().front();
  EXPECT_TRUE(balanced());
}

}  // namespace batchd::daemon::testing
