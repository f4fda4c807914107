// What comes between the steps of a look, and stages that run by themselves.
#include "tests/daemon/stages/machine.h"

namespace batchd::daemon::testing {

bool AnyWorld::look(Which which, int steps, const std::function<void()>& meanwhile) {
  auto& life = machine();
  bool looked = false;
  auto finished = [&](const std::exception_ptr& error, std::optional<SteadyTime>) {
    if (error) std::rethrow_exception(error);
    looked = true;
  };
  asio::co_spawn(life.io.get_executor(), life.stage(which).once(), finished);
  const auto over = [&] { return looked && life.at_rest(); };
  int taken = 0;
  life.run_until([&] { return over() || taken++ == steps; });
  if (over()) return false;
  meanwhile();
  life.run_until(over);
  return true;
}

void AnyWorld::hold_create() { machine().held.next = true; }

void AnyWorld::let_go() {
  auto& life = machine();
  life.held.let_go = true;
  life.held.timer.cancel();
  life.run_until([&] { return life.engine.tasks.empty(); });
}

void AnyWorld::stop(bool at_once) {
  auto& life = machine();
  life.cancel(at_once ? asio::cancellation_type::terminal : asio::cancellation_type::total);
  while (life.io.poll() > 0) {  // who was called off by that has heard of it
  }
  life.run_until([&] { return life.at_rest(); });
}

void AnyWorld::live(const std::vector<Which>& deaf) {
  clock_->run();
  restart();
  auto& life = machine();
  for (std::size_t i = 0; i < kStages; ++i) {
    const auto which = static_cast<Which>(i);
    // Those that look at all begin with a look, the others have nothing to look for.
    const bool sleeps = std::ranges::find(kAll, which) != kAll.end();
    Stage* stage = &life.stage(which);
    if (sleeps) stage = &life.sleepers.emplace_back(*stage);
    const bool hears = std::ranges::find(deaf, which) == deaf.end();
    auto& wakeup = hears ? life.wakeup(which) : life.unheard.emplace_back(life.io.get_executor());
    life.engine.tasks.spawn(run_stage(life.engine, *stage, wakeup));
  }
}

void AnyWorld::ring_for_accepted() {
  machine().engine.wakeups.pack.wake();
  machine().engine.wakeups.deadlines.wake();
}

bool AnyWorld::eventually(const std::function<bool()>& is) {
  auto& life = machine();
  const auto alarm = std::chrono::steady_clock::now() + kStuckAfter;
  while (!is()) {
    if (std::chrono::steady_clock::now() > alarm) return false;
    life.io.run_one_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace batchd::daemon::testing
