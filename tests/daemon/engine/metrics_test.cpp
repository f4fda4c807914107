#include "daemon/engine/metrics.h"

#include <gtest/gtest.h>

#include "core/id_time.h"
#include "tests/harness/prometheus_text.h"

namespace batchd::daemon {
namespace {

using core::BatchState;
using core::RequestState;
using harness::parse_prometheus;
using harness::PrometheusText;
constexpr core::WallTime kNow{core::Duration{1'795'348'800'123}};

core::RequestId made(core::Duration ago) {
  return core::RequestId{((kNow - ago).time_since_epoch().count() - core::kIdEpochMs) << core::kIdTimeShift};
}

proto::AdminStatus some_status() {
  proto::AdminStatus status{.version = "0.1.0", .now = kNow, .started_at = kNow, .counts = {}};
  status.counts.accepted = 9;
  status.counts.requests[0] = {9, kNow - std::chrono::milliseconds(1'500)};
  status.counts.database_bytes = 1 << 20;
  status.accounts = {{.name = "default", .healthy = false, .use = {2, 30}, .limits = {100, 400}}};
  core::LaneQueue queue{.id = core::LaneId{1}, .lane = {"default", "generateContent", "m\"\\\n"}, .owners = {}};
  queue.owners = {{core::OwnerId{1}, 9, 90, 900, kNow - std::chrono::seconds(2)}};
  status.lanes = {{.queue = queue, .paused = true, .enqueued_tokens = 5, .allowance = 7}};
  return status;
}

PrometheusText scrape(const Metrics& metrics, const proto::AdminStatus& status = some_status()) {
  const auto text =
      metrics.text(status, {.held = std::vector<core::Batch>(2), .accounts = {}, .strange = {}, .paused = {}},
                   {.connections = 3, .exchanges = 2, .waiters = 1});
  auto parsed = parse_prometheus(text);
  for (const auto& fault : parsed.faults) ADD_FAILURE() << fault << "\n" << text;
  return parsed;
}

TEST(Metrics, GaugesAreReadFromTheStatus) {
  const Metrics metrics(kNow - std::chrono::hours(1));
  const auto text = scrape(metrics);
  EXPECT_EQ(text.value("batchd_build_info", {{"version", "0.1.0"}}), 1);
  EXPECT_NEAR(*text.value("batchd_start_time_seconds"), 1'795'345'200.123, 1e-3);
  EXPECT_EQ(text.value("batchd_requests", {{"state", "queued"}}), 9);
  EXPECT_EQ(text.value("batchd_requests_oldest_seconds", {{"state", "queued"}}), 1.5);
  EXPECT_EQ(text.value("batchd_requests_oldest_seconds", {{"state", "failed"}}), 0);
  EXPECT_EQ(text.value("batchd_requests_accepted_total"), 9);
  EXPECT_EQ(text.value("batchd_queue_bytes"), 90);
  EXPECT_EQ(text.value("batchd_balanced"), 1);
  EXPECT_EQ(text.value("batchd_account_healthy", {{"account", "default"}}), 0);
  EXPECT_EQ(text.value("batchd_account_jobs_limit", {{"account", "default"}}), 100);
  EXPECT_EQ(text.value("batchd_lane_queued", {{"model", "m\"\\\n"}}), 9);
  EXPECT_EQ(text.value("batchd_lane_paused"), 1);
  EXPECT_EQ(text.value("batchd_lane_allowance_tokens"), 7);
  EXPECT_EQ(text.value("batchd_attention", {{"kind", "held_batch"}}), 2);
  EXPECT_EQ(text.value("batchd_connections"), 3);
  EXPECT_EQ(text.value("batchd_waiters"), 1);
}

TEST(Metrics, EndsAreCountedAndTimed) {
  Metrics metrics(kNow);
  core::Recorded recorded;
  recorded.finished = {made(std::chrono::seconds(3)), made(std::chrono::hours(30)), made(-std::chrono::hours(1))};
  recorded.ends[static_cast<std::size_t>(RequestState::succeeded)] = 2;
  recorded.ends[static_cast<std::size_t>(RequestState::failed)] = 1;
  recorded.requeued = 4;
  metrics.ended(recorded, kNow);
  const auto text = scrape(metrics);
  EXPECT_EQ(text.value("batchd_requests_finished_total", {{"state", "succeeded"}}), 2);
  EXPECT_EQ(text.value("batchd_requests_finished_total", {{"state", "failed"}}), 1);
  EXPECT_EQ(text.value("batchd_requests_finished_total", {{"state", "expired"}}), 0);
  EXPECT_EQ(text.value("batchd_requests_requeued_total"), 4);
  EXPECT_EQ(text.value("batchd_request_duration_seconds_count"), 3);
  EXPECT_EQ(text.value("batchd_request_duration_seconds_bucket", {{"le", "1"}}), 1);  // a clock that went back: 0 s
  EXPECT_EQ(text.value("batchd_request_duration_seconds_bucket", {{"le", "5"}}), 2);
  EXPECT_EQ(text.value("batchd_request_duration_seconds_bucket", {{"le", "86400"}}), 2);
  EXPECT_EQ(text.value("batchd_request_duration_seconds_bucket", {{"le", "172800"}}), 3);
}

TEST(Metrics, BatchesAreCountedWhereTheyCome) {
  Metrics metrics(kNow);
  core::Batch batch;
  batch.body_bytes = 1000;
  batch.state = BatchState::uploaded;
  metrics.moved(batch);
  batch.state = BatchState::ended;
  batch.submitted_at = kNow - std::chrono::minutes(10);
  batch.ended_at = kNow;
  metrics.moved(batch);
  batch.state = BatchState::done;
  batch.result_bytes = 5000;
  batch.lines = {.succeeded = 7, .failed = 1, .requeued = 2, .missing = 2, .possibly_charged = 2};
  metrics.moved(batch);
  metrics.entered(BatchState::refused);
  const auto text = scrape(metrics);
  EXPECT_EQ(text.value("batchd_uploaded_bytes_total"), 1000);
  EXPECT_EQ(text.value("batchd_result_bytes_total"), 5000);
  EXPECT_EQ(text.value("batchd_job_duration_seconds_sum"), 600);
  EXPECT_EQ(text.value("batchd_result_lines_total", {{"outcome", "succeeded"}}), 7);
  EXPECT_EQ(text.value("batchd_result_lines_total", {{"outcome", "missing"}}), 2);
  EXPECT_EQ(text.value("batchd_requests_possibly_charged_total"), 2);
  EXPECT_EQ(text.value("batchd_batch_moves_total", {{"to", "done"}}), 1);
  EXPECT_EQ(text.value("batchd_batch_moves_total", {{"to", "refused"}}), 1);
  EXPECT_EQ(text.value("batchd_batch_moves_total", {{"to", "fenced"}}), 0);
}

TEST(Metrics, CallsAreCountedBothWays) {
  Metrics metrics(kNow);
  metrics.created("created");
  metrics.created("throttled");
  metrics.faulted("default", "transient");
  metrics.answered("POST", "/v1/requests", 202);
  metrics.answered("POST", "/v1/requests", 200);
  metrics.answered("GET", "/v1/requests/{id}", 404);
  metrics.acknowledged(std::chrono::milliseconds(20));
  const auto text = scrape(metrics);
  EXPECT_EQ(text.value("batchd_creates_total", {{"outcome", "created"}}), 1);
  EXPECT_EQ(text.value("batchd_creates_total", {{"outcome", "throttled"}}), 1);
  EXPECT_EQ(text.value("batchd_provider_faults_total", {{"account", "default"}, {"kind", "transient"}}), 1);
  EXPECT_EQ(text.value("batchd_http_requests_total", {{"route", "/v1/requests"}, {"code", "2xx"}}), 2);
  EXPECT_EQ(text.value("batchd_http_requests_total", {{"route", "/v1/requests/{id}"}, {"code", "4xx"}}), 1);
  EXPECT_EQ(text.value("batchd_accept_duration_seconds_bucket", {{"le", "0.01"}}), 0);
  EXPECT_EQ(text.value("batchd_accept_duration_seconds_bucket", {{"le", "0.05"}}), 1);
}

TEST(Metrics, LanesAreBounded) {
  const Metrics metrics(kNow);
  auto status = some_status();
  auto lane = status.lanes[0];
  status.lanes.clear();
  for (int i = 0; i < 1000; ++i) {
    lane.queue.lane.model = "model-" + std::to_string(i);
    status.lanes.push_back(lane);
  }
  EXPECT_EQ(scrape(metrics, status).families.at("batchd_lane_queued").samples.size(), Metrics::kLanesShown);
}

// The reader must find what it is there for.
TEST(PrometheusReader, FindsFaults) {
  const std::string good = "# HELP batchd_x_total X.\n# TYPE batchd_x_total counter\nbatchd_x_total{a=\"b\\\"\"} 1\n";
  EXPECT_TRUE(parse_prometheus(good).faults.empty());
  EXPECT_EQ(parse_prometheus(good).value("batchd_x_total", {{"a", "b\""}}), 1);
  const std::string histogram = "# HELP batchd_h_seconds H.\n# TYPE batchd_h_seconds histogram\n";
  const std::string bad[] = {
      good + good,
      good + "batchd_x_total{a=\"b\\\"\"} 2\n",
      "batchd_x_total 1\n" + good,
      "# HELP batchd_x X.\n# TYPE batchd_x counter\nbatchd_x 1\n",
      "# HELP batchd_x_total X.\n# TYPE batchd_x_total gauge\nbatchd_x_total 1\n",
      "# HELP batchd_x_ms X.\n# TYPE batchd_x_ms gauge\nbatchd_x_ms 1\n",
      "# HELP batchd_bytes_used X.\n# TYPE batchd_bytes_used gauge\nbatchd_bytes_used{a=\"b} 1\n",
      "# TYPE batchd_x gauge\nbatchd_x 1\n",
      "# HELP batchd_x X.\n# TYPE batchd_x gauge\nbatchd_x one\n",
      "# HELP batchd_x X.\n# TYPE batchd_x gauge\nbatchd_x 1",
      histogram +
          "batchd_h_seconds_bucket{le=\"1\"} 2\nbatchd_h_seconds_bucket{le=\"+Inf\"} 1\n"
          "batchd_h_seconds_sum 1\nbatchd_h_seconds_count 1\n",
      histogram + "batchd_h_seconds_bucket{le=\"+Inf\"} 1\nbatchd_h_seconds_sum 1\nbatchd_h_seconds_count 2\n",
      histogram + "batchd_h_seconds_bucket{le=\"1\"} 1\nbatchd_h_seconds_sum 1\nbatchd_h_seconds_count 1\n",
  };
  for (const auto& text : bad) EXPECT_FALSE(parse_prometheus(text).faults.empty()) << text;
}

}  // namespace
}  // namespace batchd::daemon
