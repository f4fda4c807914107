#include "daemon/net/io_timeout.h"

#include <utility>

namespace batchd::daemon {

struct IoTimeout::State {
  State(Executor executor, std::function<void()> on_expiry_) : timer(executor), on_expiry(std::move(on_expiry_)) {}
  Timer timer;
  std::function<void()> on_expiry;
  Instant at = Instant::max();  // max() while disarmed
  bool waiting = false;         // a wait is pending, ending no later than `at`
  bool expired = false;
  unsigned generation = 0;  // of the pending wait; the handler of a replaced wait must do nothing
};

IoTimeout::IoTimeout(Executor executor, std::function<void()> on_expiry)
    : state_(std::make_shared<State>(executor, std::move(on_expiry))) {}

IoTimeout::~IoTimeout() { stop(); }

void IoTimeout::stop() {
  disarm();
  ++state_->generation;
  state_->waiting = false;
  state_->timer.cancel();
}

void IoTimeout::arm(Instant at) {
  state_->expired = false;
  state_->at = at;
  if (!state_->waiting || at < state_->timer.expiry()) wait(state_);
}

void IoTimeout::disarm() { state_->at = Instant::max(); }

bool IoTimeout::expired() const { return state_->expired; }

void IoTimeout::wait(const std::shared_ptr<State>& state) {
  state->timer.expires_at(state->at);
  state->waiting = true;
  state->timer.async_wait([state, generation = ++state->generation](boost::system::error_code) {
    if (generation != state->generation) return;
    state->waiting = false;
    if (state->at == Instant::max()) return;
    if (std::chrono::steady_clock::now() < state->at) return wait(state);
    state->at = Instant::max();
    state->expired = true;
    state->on_expiry();
  });
}

}  // namespace batchd::daemon
