// Many requests at once, over a few connections.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/daemon.h"
#include "tests/harness/size.h"

namespace batchd::e2e {

// Posts "PREFIX 0" to "PREFIX count-1"; how many were accepted.
inline int post_many(const std::string& socket, const std::string& prefix, int count) {
  constexpr int kConnections = 16;
  std::atomic<int> next{0}, accepted{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kConnections; ++i)
    clients.emplace_back([&] {
      harness::LocalHttp http(socket);
      for (int n = next++; n < count; n = next++) {
        const auto reply = http.post("/v1/requests", harness::submission(prefix + " " + std::to_string(n)));
        if (reply && reply->status == 202) ++accepted;
      }
    });
  for (auto& client : clients) client.join();
  return accepted;
}

}  // namespace batchd::e2e
