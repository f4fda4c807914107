// Shared by the tests of both kinds of seats.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <list>
#include <optional>

#include "core/ids.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

inline constexpr core::OwnerId kAnn{1}, kBob{2}, kCem{3}, kDan{4};

// What became of a caller's wish for a seat.
inline constexpr std::optional<bool> kWaits, kSits = true, kSentAway = false;

class SeatsTest : public testing::Test {
 protected:
  // Nobody waits any more when the seats go, and these go before the context of their timers.
  void TearDown() override {
    for (auto& waiting : waiting_) waiting.emit(asio::cancellation_type::terminal);
    settle();
  }
  // For coroutines that may still wait at the end.
  asio::cancellation_slot until_the_end() { return waiting_.emplace_back().slot(); }
  void settle() {
    context_.restart();
    while (context_.poll() > 0) continue;
  }
  template <class Condition>
  bool becomes(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < until) {
      context_.restart();
      context_.run_for(std::chrono::milliseconds(5));
    }
    return condition();
  }

  asio::io_context context_{1};

 private:
  std::list<asio::cancellation_signal> waiting_;
};

}  // namespace batchd::daemon
