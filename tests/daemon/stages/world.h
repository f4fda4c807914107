// The daemon's stages in an environment that the test controls: a real SQLite store on its thread, a provider's real
// dialogues, a fake of its server behind the link, and a clock that only tests move. World is about Gemini; AnyWorld is
// told about whom. This header includes no Asio, so that the test files stay cheap to compile.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/check.h"
#include "core/limits.h"
#include "core/store.h"
#include "tests/daemon/stages/fake_gemini.h"
#include "tests/daemon/stages/vendor.h"

namespace batchd::daemon::testing {

using namespace batchd::core;
using namespace std::chrono_literals;

inline constexpr OwnerId kAnna{1001}, kBob{1002};
inline const Lane kFlash{"default", "generateContent", "gemini-2.5-flash"};

enum class Which { pack, submit, reconcile, poll, collect, settle, cleanup, sweep, deadlines, purge };
inline constexpr std::size_t kStages = 10;
inline const std::vector<Which> kAll{Which::pack,    Which::submit, Which::reconcile, Which::poll,
                                     Which::collect, Which::settle, Which::cleanup};  // but for those that look at all

// A row's name as GoogleTest wants it.
std::string test_name(std::string text);

class AnyWorld : public ::testing::Test {
 protected:
  explicit AnyWorld(const Vendor& vendor);
  ~AnyWorld() override;

  const Vendor& vendor;
  const Lane& lane = vendor.lane;  // of all requests
  const std::unique_ptr<fictitious::FakeProvider> fake;

  // --- the machine
  config::Config config;  // of known values; change it before the first look, or call restart()
  void restart();         // the process ends and comes back: only the store is left
  void start_over();      // with an empty store, and a fake that has forgotten everything
  void use_key(const std::string& credential);
  void replace_key(const std::string& credential);  // the file's: read when the account next looks for it
  bool account_paused();
  std::string account_trouble();
  std::string account_detail();  // what health says; empty: all is well
  std::int64_t fenced_jobs_found();
  bool survey_first = false;  // nothing is created before a complete listing; without it, as if there had been one

  // --- what operators and owners say
  void flush(const LaneSelector& lanes = {});
  void accept_strange_jobs();
  void cancel(RequestId id, OwnerId owner = kAnna);
  void cancel(const std::vector<RequestId>& ids, OwnerId owner = kAnna);

  // --- time. Nothing moves unless a test says so.
  void advance_clock(Duration by);
  WallTime wall() const;

  // One once() of a stage and everything it started. When it wants to look again by itself, seen from now.
  std::optional<Duration> look(Which stage);
  // The stages' loops for `span` of the clock: a look, and the next when one is due. With zero: until nothing is due.
  void pass(Duration span, const std::vector<Which>& stages = kAll);

  // --- what comes between two steps of a look
  // Looks, and calls `meanwhile` after `steps` steps of the loop. Going through all of them finds every moment between
  // what the stage has read and what it then does. Returns whether the look lasted that long.
  bool look(Which stage, int steps, const std::function<void()>& meanwhile);
  // The provider gets the next create, and its answer stays on the way: a look returns meanwhile.
  void hold_create();
  void let_go();  // the answer comes, unless nobody waits for it any more. Returns when what follows from it is done
  void stop(bool at_once);  // as SIGTERM does, or what comes after the grace. Only restart() is left then
  // Kills the process once, after so many steps of looks that have something to do, and restarts it: what was asked of
  // the store by then is done, and nothing else has any effect. Going through all of them kills it before and after
  // each verb and each call.
  void kill_after(int steps);
  bool was_killed() const { return !steps_left_; }  // false: the kill is still to come

  // --- all stages by themselves: their real loops, in real time
  // Restarts the process. Each stage of kAll has looked already, just before what is in the store came there, and
  // sleeps. The wakeups of `deaf` are rung in vain, also by the stage itself.
  void live(const std::vector<Which>& deaf);
  void ring_for_accepted();                          // as whoever accepts a request does
  bool eventually(const std::function<bool()>& is);  // false: not within a minute

  // --- the store
  RequestId accept(const std::string& body, OwnerId owner = kAnna, std::int64_t tokens = 10);
  RequestId accept_due(const std::string& body, Duration deadline, bool fail, OwnerId owner = kAnna);  // from now
  std::vector<RequestId> accept_all(const std::vector<std::string>& bodies, OwnerId owner = kAnna);    // in one verb
  std::vector<RequestId> accept_many(int count, OwnerId owner = kAnna);  // bodies {"n":0}, {"n":1}, ...
  // A verb's value, run on the store's thread; also from inside a reaction.
  template <class Verb>
  auto ask(Verb verb) {
    std::optional<std::invoke_result_t<Verb&, Store&>> result;
    run_in_store([&](Store& store) {
      result = verb(store);
      return result->has_value();
    });
    return std::move(*result).value();
  }
  std::vector<Batch> batches(std::optional<BatchState> state = std::nullopt);  // in the order of their making
  Batch only_batch();
  Batch batch(BatchId id);
  Batch batch_at_once(BatchId id);  // no stage takes a step meanwhile
  RequestView request(RequestId id, OwnerId owner = kAnna);
  std::vector<RequestState> states(const std::vector<RequestId>& ids, OwnerId owner = kAnna);
  std::string response_of(RequestId id, OwnerId owner = kAnna);  // the provider's value as it is delivered
  bool balanced();
  LaneLoad load();  // of the lane
  void learned(const LaneBudget& budget);
  std::string jsonl_of(const Batch& batch);  // made from the store's lines and the real frame

  // --- shortcuts to where a story begins
  Batch packed(int count);      // a sealed batch of Anna's
  Batch uploaded(int count);    // its file is there, and nothing has been created
  Batch submitted(int count);   // has a job
  std::vector<RequestId> ids_;  // of the requests of these

 private:
  struct Machine;
  template <class Start>
  void run_task(Start start);
  void run_in_store(const std::function<bool(Store&)>& verb);
  Machine& machine();

  bool dies_now(Which which);

  class Folder;
  std::unique_ptr<Folder> folder_;
  std::unique_ptr<class FakeClock> clock_;
  std::unique_ptr<Machine> machine_;
  std::string credential_ = "key-1", next_credential_;
  int accepted_ = 0;
  std::optional<int> steps_left_;  // until the kill
};

class World : public AnyWorld {
 protected:
  World() : AnyWorld(gemini_vendor()) {}
  FakeGemini& gemini = dynamic_cast<FakeGemini&>(*fake);
};

}  // namespace batchd::daemon::testing
