#include "tests/daemon/stages/world.h"

#include <sched.h>
#include <stdlib.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>

#include "tests/daemon/stages/machine.h"

namespace batchd::daemon::testing {

namespace {

constexpr int kLooksAtOneTimeMax = 2000;
constexpr std::uintmax_t kMemoryMin = std::uintmax_t{1} << 30;

// What is tested here survives processes, not machines: no commit has to wait for a disk, if memory will do.
std::filesystem::path folder_for_databases() {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code none;
  const auto room = std::filesystem::space(memory, none);
  const bool told = std::getenv("TMPDIR") != nullptr;
  return !told && !none && room.available >= kMemoryMin ? memory : std::filesystem::temp_directory_path();
}

// The thread of the stages and the store's take turns. On one processor they do it in a third of the time, since
// neither has to wake another processor. ThreadSanitizer watches them on all.
void stay_on_one_processor() {
#ifndef BATCHD_WITH_TSAN
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
  CHECK(::sched_setaffinity(0, sizeof(one), &one) == 0);
#endif
}

void prepare_process() {
  start_logging(std::getenv("BATCHD_TEST_LOG") != nullptr ? LogLevel::debug : LogLevel::error);
  stay_on_one_processor();
}

}  // namespace

class AnyWorld::Folder {
 public:
  Folder() {
    auto name = (folder_for_databases() / "batchd-stages-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string database() const { return (path_ / "batchd.db").string(); }

 private:
  std::filesystem::path path_;
};

std::string test_name(std::string text) {
  for (auto& c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return text;
}

AnyWorld::AnyWorld(const Vendor& whom)
    : vendor(whom), fake(whom.make_fake()), folder_(std::make_unique<Folder>()), clock_(std::make_unique<FakeClock>()) {
  static std::once_flag prepared;
  std::call_once(prepared, prepare_process);
  fake->now = [this] { return wall(); };
  config.packing.limits = {.items = 10, .bytes = 64 << 20, .tokens = 1'000'000, .max_age = 60s};
}
AnyWorld::~AnyWorld() = default;

AnyWorld::Machine& AnyWorld::machine() {
  if (machine_) return *machine_;
  machine_ = std::make_unique<Machine>(folder_->database(), config, *clock_, vendor, *fake, credential_,
                                       next_credential_, !survey_first);
  while (ask([this](Store& store) { return store.recover(wall()); })) {
  }
  run_task([](Engine& engine) { return engine.count_strange_jobs(); });
  return *machine_;
}

void AnyWorld::restart() {
  if (machine_) machine_->thread.stop();
  machine_.reset();
  machine();
}

void AnyWorld::use_key(const std::string& credential) {
  credential_ = credential;
  machine().engine.accounts.find(lane.account)->credential = credential;
}
bool AnyWorld::account_paused() { return machine().engine.accounts.find(lane.account)->paused(clock_->steady()); }
std::string AnyWorld::account_trouble() { return machine().engine.accounts.find(lane.account)->trouble; }

void AnyWorld::advance_clock(Duration by) { clock_->advance(by); }
WallTime AnyWorld::wall() const { return clock_->wall(); }

void AnyWorld::start_over() {
  if (machine_) machine_->thread.stop();
  machine_.reset();
  folder_ = std::make_unique<Folder>();
  fake->forget();
  ids_.clear();
  accepted_ = 0;
  steps_left_.reset();
}

std::string AnyWorld::account_detail() { return machine().engine.accounts.find(lane.account)->detail(); }
std::int64_t AnyWorld::fenced_jobs_found() { return machine().engine.accounts.find(lane.account)->fenced_jobs_found; }
void AnyWorld::replace_key(const std::string& credential) { next_credential_ = credential; }

void AnyWorld::flush(const LaneSelector& lanes) { machine().engine.flushes.ask(lanes, wall()); }

template <class Start>
void AnyWorld::run_task(Start start) {
  auto& life = *machine_;
  bool over = false;
  auto finished = [&](const std::exception_ptr& error, const Result<void>& result) {
    if (error) std::rethrow_exception(error);
    CHECK(result.has_value());
    over = true;
  };
  asio::co_spawn(life.io.get_executor(), start(life.engine), finished);
  life.run_until([&] { return over; });
}

void AnyWorld::accept_strange_jobs() {
  machine();
  run_task([this](Engine& engine) { return engine.resume(*engine.accounts.find(lane.account)); });
}

void AnyWorld::cancel(RequestId id, OwnerId owner) {
  const auto cancelled = ask([&](Store& store) { return store.cancel(owner, id, wall()); });
  if (cancelled.deserted) machine().engine.deserted(cancelled.deserted);
}
void AnyWorld::cancel(const std::vector<RequestId>& ids, OwnerId owner) {
  for (const auto id : ids) cancel(id, owner);
}

LaneLoad AnyWorld::load() {
  return ask([](Store& store) { return store.lane_load(LaneId{1}); });
}
void AnyWorld::learned(const LaneBudget& budget) {
  run_in_store([&](Store& store) { return store.set_lane_budget(LaneId{1}, budget).has_value(); });
}

std::optional<Duration> AnyWorld::look(Which which) {
  auto& life = machine();
  std::optional<std::optional<SteadyTime>> due;
  bool started_any = false;
  auto finished = [&](const std::exception_ptr& error, std::optional<SteadyTime> when) {
    if (error) std::rethrow_exception(error);
    started_any = !life.at_rest();
    due = when;
  };
  asio::co_spawn(life.io.get_executor(), life.stage(which).once(), finished);
  const auto over = [&] { return due && life.at_rest(); };
  bool killed = false;
  life.run_until([&] { return over() || (killed = dies_now(which)); });
  if (killed) {
    life.die();
    life.run_until(over);
    restart();
    return Duration::zero();
  }
  if (started_any) return Duration::zero();  // as the wakeup does after each step
  if (!*due) return std::nullopt;
  return std::max(**due - clock_->steady(), Duration::zero());
}

// A look of a batch's stage that finds nothing to do takes steps, too: being killed in it is of no interest.
bool AnyWorld::dies_now(Which which) {
  const bool by_tasks = which != Which::pack && which != Which::cleanup && which != Which::deadlines;
  if (!steps_left_ || (by_tasks && machine().at_rest())) return false;
  if ((*steps_left_)-- > 0) return false;
  steps_left_.reset();
  return true;
}

void AnyWorld::kill_after(int steps) {
  steps_left_ = steps;
  machine().wire.yields = true;
}

void AnyWorld::pass(Duration span, const std::vector<Which>& stages) {
  const auto end = clock_->steady() + span;
  for (int looks = 0;; ++looks) {
    if (looks >= kLooksAtOneTimeMax) {
      ADD_FAILURE() << "the stages don't come to rest";
      return;
    }
    std::optional<Duration> next;
    for (const auto stage : stages)
      if (const auto due = look(stage)) next = std::min(next.value_or(*due), *due);
    if (next && *next == Duration::zero()) continue;
    const auto left = end - clock_->steady();
    clock_->advance(std::min(next.value_or(left), left));
    if (!next || *next > left) return;
    looks = 0;
  }
}

void AnyWorld::run_in_store(const std::function<bool(Store&)>& verb) {
  auto& life = machine();
  auto outcome = [verb](Store& store) -> Result<bool> {
    if (!verb(store)) return Error{Errc::not_found, "see the verb's own error"};
    return true;
  };
  if (!life.running) {
    bool answered = false;
    life.thread.run(storage::VerbClass::state, outcome, [&](const Result<bool>&) { answered = true; });
    life.run_until([&] { return answered; });
    return;
  }
  // Inside a handler completions can't come: the verb itself says that it has run. It only reads, so it may run again.
  auto ran = std::make_shared<std::promise<void>>();
  auto told = std::make_shared<bool>(false);
  auto reading = [outcome, ran, told](Store& store) -> Result<bool> {
    if (*told) return true;
    auto result = outcome(store);
    *told = true;
    ran->set_value();
    return result;
  };
  life.thread.run(storage::VerbClass::read, reading, [](const Result<bool>&) {});
  ran->get_future().get();
}

}  // namespace batchd::daemon::testing
