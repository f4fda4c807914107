// The inside of World: one life of the process, its clock, and the link to the fake Gemini. For world.cpp and steps.cpp
// only, since it includes Asio.
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
#include "proto/gemini/gemini.h"
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

class FakeLink final : public ProviderLink {
 public:
  FakeLink(FakeGemini& gemini, Held& held) : gemini_(gemini), held_(held) {}

  Task<HttpEvent> perform(const HttpCall& call, SliceOpener* slices, ByteSink* sink) override {
    std::string body;
    if (const auto* text = std::get_if<std::string>(&call.body)) body = *text;
    if (const auto* slice = std::get_if<BatchSlice>(&call.body)) {
      auto source = slices->open(*slice);
      for (;;) {
        auto piece = co_await source->next();
        if (!piece) co_return broken("the store: " + piece.error().detail);
        if (piece->empty()) break;
        body += *piece;
      }
      CHECK(static_cast<std::int64_t>(body.size()) == slice->bytes);
    }
    auto event = gemini_.answer(call, std::move(body));
    if (call.single_shot && std::exchange(held_.next, false)) {
      held_.out = true;
      co_await held_.timer.async_wait(as_tuple_task);
      held_.out = false;
      if (!held_.let_go) co_return broken("cancelled");
    }
    if (call.sink != HttpCall::Sink::lines || event.status < 200 || event.status > 299) co_return event;
    const std::string content = std::exchange(event.body, {});
    for (std::size_t at = 0; at < content.size(); at += gemini_.fragment) {
      const auto piece = std::string_view(content).substr(at, gemini_.fragment);
      const auto written = co_await sink->write(piece);
      if (!written) co_return broken("the sink: " + written.error().detail);
      event.streamed_bytes += static_cast<std::int64_t>(piece.size());
    }
    co_return event;
  }

 private:
  static HttpEvent broken(std::string detail) {
    HttpEvent event;
    event.kind = HttpEvent::Kind::no_answer;
    event.detail = std::move(detail);
    return event;
  }
  FakeGemini& gemini_;
  Held& held_;
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
struct World::Machine {
  Machine(const std::string& database, const config::Config& config, const core::Clock& clock, FakeGemini& gemini,
          const std::string& credential, std::string& next_credential, bool surveyed)
      : thread(
            storage::open_sqlite({.path = database}).value(),
            [this](std::function<void()> completions) { asio::post(io, std::move(completions)); },
            [](const Error& error) { fatal("store_failed", error.detail); }),
        engine(io.get_executor(), config, clock, thread) {
    auto account = std::make_unique<Account>();
    account->name = kFlash.account;
    account->provider = proto::make_gemini({});
    account->link = std::make_unique<FakeLink>(gemini, held);
    account->credential = credential;
    account->budget = config.accounts.at(kFlash.account).budget();
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
