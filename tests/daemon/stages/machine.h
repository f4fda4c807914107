// The inside of AnyWorld: one life of the process, its clock, and the link to the fake provider. For world.cpp,
// world_store.cpp and steps.cpp only, since it includes Asio.
#pragma once

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/check.h"
#include "daemon/net/log.h"
#include "daemon/stages/stages.h"
#include "storage/sqlite/store.h"
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {

inline constexpr std::chrono::seconds kStuckAfter{60};

// An answer that stays on the way.
struct Held {
  explicit Held(const Executor& executor) : timer(executor, std::chrono::steady_clock::time_point::max()) {}
  Timer timer;
  bool next = false;  // the next create's
  bool out = false;
  bool let_go = false;
};

// What the connection to the provider is like.
struct Wire {
  bool yields = false;  // other things may come between an answer and what follows from it
  bool dead = false;    // the process was killed: no call is made any more, and no answer comes
};

class FakeLink final : public ProviderLink {
 public:
  FakeLink(fictitious::FakeProvider& fake, Held& held, const Wire& wire) : fake_(fake), held_(held), wire_(wire) {}

  std::string redacted(std::string_view words) const override { return std::string(words); }

  Task<HttpEvent> perform(const HttpCall& call, SliceOpener* slices, ByteSink* sink) override {
    if (wire_.dead) co_return broken("killed");
    std::string body;
    for (const auto& part : call.body) {
      if (const auto* text = std::get_if<std::string>(&part)) body += *text;
      const auto* slice = std::get_if<BatchSlice>(&part);
      if (slice == nullptr) continue;
      const auto before = body.size();
      auto source = slices->open(*slice);
      for (;;) {
        auto piece = co_await source->next();
        if (!piece) co_return broken("the store: " + piece.error().detail, HttpEvent::Kind::not_whole);
        if (piece->empty()) break;
        body += *piece;
      }
      CHECK(static_cast<std::int64_t>(body.size() - before) == slice->bytes);
    }
    if (wire_.dead) co_return broken("killed");
    auto event = fake_.answer(call, std::move(body));
    if (wire_.yields) co_await asio::post(held_.timer.get_executor(), use_task);
    if (wire_.dead) co_return broken("killed");
    if (call.single_shot && std::exchange(held_.next, false)) {
      held_.out = true;
      co_await held_.timer.async_wait(as_tuple_task);
      held_.out = false;
      if (!held_.let_go) co_return broken("cancelled");
    }
    if (call.sink != HttpCall::Sink::lines || event.status < 200 || event.status > 299) co_return event;
    const std::string content = std::exchange(event.body, {});
    for (std::size_t at = 0; at < content.size(); at += fake_.fragment) {
      const auto piece = std::string_view(content).substr(at, fake_.fragment);
      const auto written = co_await sink->write(piece);
      if (!written) co_return broken("the sink: " + written.error().detail);
      event.streamed_bytes += static_cast<std::int64_t>(piece.size());
    }
    co_return event;
  }

 private:
  static HttpEvent broken(std::string detail, HttpEvent::Kind kind = HttpEvent::Kind::no_answer) {
    HttpEvent event;
    event.kind = kind;
    event.detail = std::move(detail);
    return event;
  }
  fictitious::FakeProvider& fake_;
  Held& held_;
  const Wire& wire_;
};

// A stage that has looked before anything was there.
class Sleeper final : public Stage {
 public:
  explicit Sleeper(Stage& stage) : stage_(stage) {}
  Task<std::optional<SteadyTime>> once() override {
    if (!std::exchange(asleep_, true)) co_return std::nullopt;
    co_return co_await stage_.once();
  }
  bool is_woken() const override { return stage_.is_woken(); }

 private:
  Stage& stage_;
  bool asleep_ = false;
};

class FakeClock final : public core::Clock {
 public:
  WallTime wall() const override { return WallTime(Duration(1'800'000'000'000)) + passed_ + since_it_runs(); }
  SteadyTime steady() const override { return runs_since_ ? real() : SteadyTime(std::chrono::hours(5)) + passed_; }
  void advance(Duration by) { passed_ += by; }
  void run() { runs_since_ = real(); }  // from now on by itself; steady() jumps to what timers go by

 private:
  static SteadyTime real() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }
  Duration since_it_runs() const { return runs_since_ ? real() - *runs_since_ : Duration::zero(); }

  Duration passed_{};
  std::optional<SteadyTime> runs_since_;
};

// One life of the process.
struct AnyWorld::Machine {
  Machine(const std::string& database, const config::Config& config, const core::Clock& clock, const Vendor& vendor,
          fictitious::FakeProvider& fake, const std::string& credential, std::string& next_credential, bool surveyed)
      : thread(
            storage::open_sqlite({.path = database}).value(),
            [this](std::function<void()> completions) { asio::post(io, std::move(completions)); },
            [](const Error& error) { fatal("store_failed", error.detail); }),
        engine(io.get_executor(), config, clock, thread) {
    auto account = std::make_unique<Account>();
    account->name = vendor.lane.account;
    account->provider = vendor.make();
    account->link = std::make_unique<FakeLink>(fake, held, wire);
    account->credential = credential;
    account->budget = config.accounts.at(vendor.lane.account).budget();
    account->surveyed = surveyed;
    account->reload = [&next_credential](Account& own) -> Result<void> {
      if (!next_credential.empty()) own.credential = next_credential;
      return {};
    };
    engine.accounts.add(std::move(account));
    engine.tag_prefix = "batchd-test-";
  }

  Stage& stage(Which which) {
    switch (which) {
      case Which::pack:
        return pack;
      case Which::submit:
        return submit;
      case Which::reconcile:
        return reconcile;
      case Which::poll:
        return poll;
      case Which::collect:
        return collect;
      case Which::settle:
        return settle;
      case Which::cleanup:
        return cleanup;
      case Which::sweep:
        return sweep;
      case Which::deadlines:
        return deadlines;
      case Which::purge:
        return purge;
    }
    CHECK(false);
  }

  Wakeup& wakeup(Which which) {
    auto& wakeups = engine.wakeups;
    const std::array<Wakeup*, kStages> all{&wakeups.pack,      &wakeups.submit, &wakeups.reconcile, &wakeups.poll,
                                           &wakeups.collect,   &wakeups.settle, &wakeups.cleanup,   &wakeups.sweep,
                                           &wakeups.deadlines, &wakeups.purge};
    return *all.at(static_cast<std::size_t>(which));
  }

  // In a handler, as the daemon does: Asio only then cancels at once, and not what may have ended by then.
  void cancel(asio::cancellation_type type) {
    engine.stopping = true;
    asio::post(io, [this, type] { engine.tasks.cancel(type); });
  }

  // The process is killed: what the store was asked is done, and everything after that fails.
  void die() {
    wire.dead = true;
    thread.stop();
  }

  // Nothing runs but a call whose answer is held.
  bool at_rest() const { return engine.tasks.size() == (held.out ? 1U : 0U); }

  ~Machine() {
    if (engine.tasks.empty()) return;
    cancel(asio::cancellation_type::terminal);
    run_until([&] { return engine.tasks.empty(); });
  }

  template <class Over>
  void run_until(Over over) {
    const auto alarm = std::chrono::steady_clock::now() + kStuckAfter;
    running = true;
    while (!over()) {
      io.run_one_for(std::chrono::seconds(5));
      CHECK(std::chrono::steady_clock::now() < alarm);
    }
    running = false;
  }

  asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  bool running = false;  // inside a handler, where nothing may wait for another
  Held held{io.get_executor()};
  Wire wire;
  storage::StoreThread thread;
  Engine engine;
  PackStage pack{engine};
  SubmitStage submit{engine};
  ReconcileStage reconcile{engine};
  PollStage poll{engine};
  CollectStage collect{engine};
  SettleStage settle{engine};
  CleanupStage cleanup{engine};
  SweepStage sweep{engine};
  DeadlineStage deadlines{engine};
  PurgeStage purge{engine};
  std::list<Sleeper> sleepers;  // and the wakeups of those that are deaf
  std::list<Wakeup> unheard;
};

}  // namespace batchd::daemon::testing
