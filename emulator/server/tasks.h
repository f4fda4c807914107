// Owns the emulator's coroutines, so that a stop ends all of them.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <exception>
#include <list>

#include "emulator/server/net.h"

namespace batchd::emulator {

class Tasks {
 public:
  explicit Tasks(asio::io_context& context) : context_(context) {}

  asio::io_context& context() { return context_; }

  void spawn(Task<void> task) {
    if (stopping_) return;
    const auto self = signals_.emplace(signals_.end());
    const auto ended = [this, self](std::exception_ptr fault) {
      signals_.erase(self);
      if (fault && !stopping_) report(fault);
    };
    asio::co_spawn(context_, std::move(task), asio::bind_cancellation_slot(self->slot(), ended));
  }

  void stop() {
    stopping_ = true;
    for (auto next = signals_.begin(); next != signals_.end();) (next++)->emit(asio::cancellation_type::terminal);
  }

 private:
  static void report(std::exception_ptr fault) {
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "gemini-emulator: %s\n", e.what());
    }
  }

  asio::io_context& context_;
  std::list<asio::cancellation_signal> signals_;
  bool stopping_ = false;
};

}  // namespace batchd::emulator
