// The numbers for Prometheus (GET /metrics): events are counted here as they happen, everything else is read from the
// status at each scrape. docs/operations.md explains each of them. Labels have few values: states, kinds, configured
// accounts, lanes that exist (at most kLanesShown), route patterns.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "core/store.h"
#include "core/time.h"
#include "proto/api/status.h"

namespace batchd::daemon {

class Metrics {
 public:
  explicit Metrics(core::WallTime started_at);
  ~Metrics();

  // --- events, since the process started
  void ended(const core::Recorded& recorded, core::WallTime now);  // requests that ended, or go again
  void moved(const core::Batch& batch);                            // a batch that has just entered its state
  void entered(core::BatchState state);                            // same, when only the state is known
  void created(std::string_view outcome);                          // of a create call: "created", or the fault's kind
  void faulted(std::string_view account, std::string_view kind);   // a call failed and is made again later
  void answered(std::string_view method, std::string_view route, int status);
  void result_damaged();  // an attached call's response can't be read; the call made again is paid for again
  void acknowledged(std::chrono::steady_clock::duration took);  // from a submission's head to its 202

  // --- the text of GET /metrics
  struct Process {
    std::int64_t connections = 0, exchanges = 0, waiters = 0;
  };
  static constexpr std::size_t kLanesShown = 100;
  std::string text(const proto::AdminStatus& status, const proto::Attention& attention, const Process& process) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
  core::WallTime started_at_;
};

}  // namespace batchd::daemon
