// An exchange that counts its answer by route and status class, and for submissions measures the time until the
// acknowledgement.
#pragma once

#include <chrono>

#include "daemon/api/exchange_around.h"
#include "daemon/engine/metrics.h"

namespace batchd::daemon {

class MeasuredExchange final : public ExchangeAround {
 public:
  MeasuredExchange(Exchange& inner, Metrics& metrics, std::string_view method, std::string_view route)
      : ExchangeAround(inner), metrics_(metrics), method_(method), route_(route) {}

  Task<bool> reply(ReplyHead head, std::string body) override {
    count(head.status);
    return inner_.reply(std::move(head), std::move(body));
  }
  Task<bool> begin_reply(ReplyHead head, std::int64_t body_bytes) override {
    count(head.status);
    return inner_.begin_reply(std::move(head), body_bytes);
  }
  Task<bool> begin_stream(ReplyHead head) override {
    count(head.status);
    return inner_.begin_stream(std::move(head));
  }

 private:
  void count(int status) {
    metrics_.answered(method_, route_, status);
    // Only a plain acknowledgement: with a Prefer header the answer may have waited for a result as well.
    if (status == 202 && route_ == "/v1/requests" && head().header("prefer").empty())
      metrics_.acknowledged(std::chrono::steady_clock::now() - begun_);
  }

  Metrics& metrics_;
  const std::string_view method_, route_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace batchd::daemon
