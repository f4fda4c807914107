#include "daemon/engine/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

#include "core/id_time.h"
#include "daemon/engine/metrics_gauges.h"

namespace batchd::daemon {
namespace {

using core::BatchState;
using core::RequestState;
using Counters = prometheus::Family<prometheus::Counter>;

Counters& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

// The buckets reach from a call on the socket to a job that takes two days.
prometheus::Histogram& times(prometheus::Registry& registry, const char* name, const char* help) {
  static const prometheus::Histogram::BucketBoundaries kSeconds{
      0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800};
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, kSeconds);
}

double seconds(core::Duration duration) { return std::max(0.0, std::chrono::duration<double>(duration).count()); }

// A method, a route and a class of status. Compared as views, so that finding one copies nothing.
using AnswerKey = std::tuple<std::string, std::string, int>;
using AnswerView = std::tuple<std::string_view, std::string_view, int>;

struct ByAnswer {
  using is_transparent = void;
  bool operator()(const AnswerView& a, const AnswerView& b) const { return a < b; }
};

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  Counters& finished = counters(registry, "batchd_requests_finished_total", "Requests that ended, by state.");
  prometheus::Counter& requeued =
      counters(registry, "batchd_requests_requeued_total", "Requests that went back to the queue.").Add({});
  prometheus::Counter& possibly_charged =
      counters(registry, "batchd_requests_possibly_charged_total", "Runs without a result that may have been billed.")
          .Add({});
  Counters& lines =
      counters(registry, "batchd_result_lines_total", "Lines of finished batches, by what became of them.");
  Counters& moves = counters(registry, "batchd_batch_moves_total", "Batches that came into a state.");
  Counters& creates = counters(registry, "batchd_creates_total", "Create calls, by what came back.");
  Counters& faults =
      counters(registry, "batchd_provider_faults_total", "Calls to the provider that failed and are made again.");
  prometheus::Counter& uploaded =
      counters(registry, "batchd_uploaded_bytes_total", "Bytes of requests in completed uploads.").Add({});
  prometheus::Counter& results =
      counters(registry, "batchd_result_bytes_total", "Bytes of result files that were read to their end.").Add({});
  prometheus::Counter& damaged =
      counters(registry, "batchd_results_damaged_total", "Attached calls whose stored response couldn't be read.")
          .Add({});
  Counters& http =
      counters(registry, "batchd_http_requests_total", "Calls of the local API, by route and status class.");
  std::map<AnswerKey, prometheus::Counter*, ByAnswer> answers;  // of `http`
  prometheus::Histogram& request_time =
      times(registry, "batchd_request_duration_seconds", "From a request's acceptance to its end.");
  prometheus::Histogram& job_time =
      times(registry, "batchd_job_duration_seconds", "From a job's creation to its end at the provider.");
  prometheus::Histogram& accept_time =
      times(registry, "batchd_accept_duration_seconds", "From a submission's header to its acknowledgement.");
};

// Counters with few possible label values are created at 0, so that a rate sees the first event too.
Metrics::Metrics(core::WallTime started_at) : families_(std::make_unique<Families>()), started_at_(started_at) {
  for (std::size_t i = 0; i < core::kRequestStates; ++i)
    if (const auto state = static_cast<RequestState>(i); core::is_terminal(state))
      families_->finished.Add({{"state", std::string(core::to_text(state))}});
  for (std::size_t i = 0; i < core::kBatchStates; ++i)
    families_->moves.Add({{"to", std::string(core::to_text(static_cast<BatchState>(i)))}});
  families_->creates.Add({{"outcome", "created"}});
}

Metrics::~Metrics() = default;

void Metrics::ended(const core::Recorded& recorded, core::WallTime now) {
  for (std::size_t i = 0; i < core::kRequestStates; ++i)
    if (recorded.ends[i] > 0)
      families_->finished.Add({{"state", std::string(core::to_text(static_cast<RequestState>(i)))}})
          .Increment(static_cast<double>(recorded.ends[i]));
  for (const auto request : recorded.finished) families_->request_time.Observe(seconds(now - core::made_at(request)));
  families_->requeued.Increment(static_cast<double>(recorded.requeued));
}

void Metrics::entered(BatchState state) {
  families_->moves.Add({{"to", std::string(core::to_text(state))}}).Increment();
}

void Metrics::moved(const core::Batch& batch) {
  entered(batch.state);
  if (batch.state == BatchState::uploaded) families_->uploaded.Increment(static_cast<double>(batch.body_bytes));
  if (batch.state == BatchState::ended && batch.submitted_at && batch.ended_at)
    families_->job_time.Observe(seconds(*batch.ended_at - *batch.submitted_at));
  if (batch.state != BatchState::done) return;
  families_->results.Increment(static_cast<double>(batch.result_bytes));
  families_->possibly_charged.Increment(static_cast<double>(batch.lines.possibly_charged));
  const auto& l = batch.lines;
  const std::pair<const char*, std::int64_t> outcomes[]{
      {"succeeded", l.succeeded}, {"failed", l.failed},   {"requeued", l.requeued},     {"missing", l.missing},
      {"dropped", l.dropped},     {"foreign", l.foreign}, {"unreadable", l.unreadable},
  };
  for (const auto& [outcome, lines] : outcomes)
    families_->lines.Add({{"outcome", outcome}}).Increment(static_cast<double>(lines));
}

void Metrics::created(std::string_view outcome) {
  families_->creates.Add({{"outcome", std::string(outcome)}}).Increment();
}

void Metrics::faulted(std::string_view account, std::string_view kind) {
  families_->faults.Add({{"account", std::string(account)}, {"kind", std::string(kind)}}).Increment();
}

void Metrics::result_damaged() { families_->damaged.Increment(); }

// Called for every HTTP call, so the counter is looked up without building labels.
void Metrics::answered(std::string_view method, std::string_view route, int status) {
  auto& answers = families_->answers;
  const auto known = answers.find(AnswerView(method, route, status / 100));
  if (known != answers.end()) return known->second->Increment();
  const char code[]{static_cast<char>('0' + status / 100), 'x', 'x', '\0'};
  auto& counter = families_->http.Add({{"method", std::string(method)}, {"route", std::string(route)}, {"code", code}});
  counter.Increment();
  answers.emplace(AnswerKey(method, route, status / 100), &counter);
}

void Metrics::acknowledged(std::chrono::steady_clock::duration took) {
  families_->accept_time.Observe(std::chrono::duration<double>(took).count());
}

std::string Metrics::text(const proto::AdminStatus& status, const proto::Attention& attention,
                          const Process& process) const {
  auto families = gauges_of(status, attention, process, started_at_);
  for (auto& family : families_->registry.Collect()) families.push_back(std::move(family));
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace batchd::daemon
