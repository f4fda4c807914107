// One emulator, one daemon, one folder per test. The folder stays if the test failed.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/harness/daemon.h"
#include "tests/harness/emulator.h"

namespace batchd::e2e {

using namespace batchd::harness;

class E2eTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (HasFailure()) folder_.keep();
  }

  void start(const EmulatorSettings& emulator = {}, DaemonSettings daemon = {}) {
    emulator_.emplace(folder_, emulator);
    daemon.provider_url = emulator_->url();
    daemon_.emplace(folder_, daemon);
    daemon_->start();
  }

  // Posts one prompt; the new request's id, or an empty string and a test failure.
  std::string post(const std::string& prompt, const Headers& headers = {}) {
    LocalHttp http(daemon_->socket());
    const auto reply = http.post("/v1/requests", submission(prompt), headers);
    if (!reply || reply->status != 202) {
      ADD_FAILURE() << "not accepted: " << (reply ? reply->body : "no answer");
      return {};
    }
    return Json(reply->body).text("/id");
  }

  // The finished request object; waits for it at the daemon.
  Json finished(const std::string& id) {
    LocalHttp http(daemon_->socket());
    const auto reply = http.get("/v1/requests/" + id + "?wait=60");
    return Json(reply && reply->status == 200 ? reply->body : std::string());
  }

  TempFolder folder_;
  std::optional<Emulator> emulator_;
  std::optional<DaemonUnderTest> daemon_;
};

}  // namespace batchd::e2e
