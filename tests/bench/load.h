// The load: one thread, epoll, keep-alive connections to a Unix socket, each with one POST /v1/requests under way.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace batchd::bench {

inline constexpr std::size_t kBodyBytes = 1024;
inline constexpr double kWarmUpSeconds = 0.3;  // sent, not counted

struct LoadFigures {
  double acks_per_second = 0;
  double p50_ms = 0, p99_ms = 0;
  long acks = 0;  // all of them, warm-up and tail included
};

// Every answer must be a 202, or this throws. `begin` and `end` are called around the counted time; after `end`
// the answers under way are still taken in, unless the server is gone.
LoadFigures run_load(const std::string& socket, int connections, double seconds,
                     const std::function<void()>& begin = {}, const std::function<void()>& end = {});

// Sends `requests` requests over some connections, as fast as they are acknowledged.
void send_requests(const std::string& socket, int requests);

// Seconds until a first request is acknowledged by a daemon that is about to listen at `socket`.
double seconds_to_first_ack(const std::string& socket);

// GET `path`: the body of the answer.
std::string get(const std::string& socket, const std::string& path);

double percentile(std::vector<double>& samples, double part);

}  // namespace batchd::bench
