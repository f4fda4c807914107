#include "tests/daemon/stages/world.h"

#include <stdlib.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "proto/gemini/gemini.h"
#include "tests/daemon/stages/machine.h"

namespace batchd::daemon::testing {

namespace {

constexpr int kLooksAtOneTimeMax = 2000;

}  // namespace

class World::Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "batchd-stages-XXXXXX").string();
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

World::World() : folder_(std::make_unique<Folder>()), clock_(std::make_unique<FakeClock>()) {
  static const bool quiet =
      (start_logging(std::getenv("BATCHD_TEST_LOG") != nullptr ? LogLevel::debug : LogLevel::error), true);
  CHECK(quiet);
  config.packing.limits = {.items = 10, .bytes = 64 << 20, .tokens = 1'000'000, .max_age = 60s};
}
World::~World() = default;

World::Machine& World::machine() {
  if (machine_) return *machine_;
  machine_ = std::make_unique<Machine>(folder_->database(), config, *clock_, gemini, credential_, next_credential_,
                                       !survey_first);
  while (ask([this](Store& store) { return store.recover(wall()); })) {
  }
  run_task([](Engine& engine) { return engine.count_strange_jobs(); });
  return *machine_;
}

void World::restart() {
  if (machine_) machine_->thread.stop();
  machine_.reset();
  machine();
}

void World::use_key(const std::string& credential) {
  credential_ = credential;
  machine().engine.accounts.find(kFlash.account)->credential = credential;
}
bool World::account_paused() { return machine().engine.accounts.find(kFlash.account)->paused(clock_->steady()); }
std::string World::account_trouble() { return machine().engine.accounts.find(kFlash.account)->trouble; }

void World::advance_clock(Duration by) { clock_->advance(by); }
WallTime World::wall() const { return clock_->wall(); }

void World::start_over() {
  if (machine_) machine_->thread.stop();
  machine_.reset();
  folder_ = std::make_unique<Folder>();
  gemini = FakeGemini();
  ids_.clear();
  accepted_ = 0;
}

std::string World::account_detail() { return machine().engine.accounts.find(kFlash.account)->detail(); }
std::int64_t World::fenced_jobs_found() { return machine().engine.accounts.find(kFlash.account)->fenced_jobs_found; }
void World::replace_key(const std::string& credential) { next_credential_ = credential; }

void World::flush(const LaneSelector& lanes) { machine().engine.flushes.ask(lanes, wall()); }

template <class Start>
void World::run_task(Start start) {
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

void World::accept_strange_jobs() {
  machine();
  run_task([](Engine& engine) { return engine.resume(*engine.accounts.find(kFlash.account)); });
}

void World::cancel(RequestId id, OwnerId owner) {
  const auto cancelled = ask([&](Store& store) { return store.cancel(owner, id, wall()); });
  if (cancelled.deserted) machine().engine.deserted(cancelled.deserted);
}
void World::cancel(const std::vector<RequestId>& ids, OwnerId owner) {
  for (const auto id : ids) cancel(id, owner);
}

LaneLoad World::load() {
  return ask([](Store& store) { return store.lane_load(LaneId{1}); });
}
void World::learned(const LaneBudget& budget) {
  run_in_store([&](Store& store) { return store.set_lane_budget(LaneId{1}, budget).has_value(); });
}

std::optional<Duration> World::look(Which which) {
  auto& life = machine();
  std::optional<std::optional<SteadyTime>> due;
  bool started_any = false;
  auto finished = [&](const std::exception_ptr& error, std::optional<SteadyTime> when) {
    if (error) std::rethrow_exception(error);
    started_any = !life.at_rest();
    due = when;
  };
  asio::co_spawn(life.io.get_executor(), life.stage(which).once(), finished);
  life.run_until([&] { return due && life.at_rest(); });
  if (started_any) return Duration::zero();  // as the wakeup does after each step
  if (!*due) return std::nullopt;
  return std::max(**due - clock_->steady(), Duration::zero());
}

void World::pass(Duration span, const std::vector<Which>& stages) {
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

void World::run_in_store(const std::function<bool(Store&)>& verb) {
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

RequestId World::accept(const std::string& body, OwnerId owner, std::int64_t tokens) {
  NewRequest fresh;
  fresh.owner = owner;
  fresh.lane = kFlash;
  fresh.body = body;
  fresh.tokens = tokens;
  return ask([&](Store& store) { return store.accept(fresh, wall()); }).id;
}

RequestId World::accept_due(const std::string& body, Duration deadline, bool fail, OwnerId owner) {
  NewRequest fresh;
  fresh.owner = owner;
  fresh.lane = kFlash;
  fresh.body = body;
  fresh.tokens = 10;
  fresh.deadline = wall() + deadline;
  fresh.fail_at_deadline = fail;
  return ask([&](Store& store) { return store.accept(fresh, wall()); }).id;
}

std::vector<RequestId> World::accept_many(int count, OwnerId owner) {
  std::vector<RequestId> ids;
  for (int i = 0; i < count; ++i) ids.push_back(accept("{\"n\":" + std::to_string(accepted_++) + "}", owner));
  return ids;
}

std::vector<Batch> World::batches(std::optional<BatchState> state) {
  std::vector<BatchState> wanted;
  for (std::size_t i = 0; i < kBatchStates; ++i)
    if (!state || *state == static_cast<BatchState>(i)) wanted.push_back(static_cast<BatchState>(i));
  return ask([&](Store& store) { return store.list_batches(wanted, BatchId(), 500); });
}

Batch World::only_batch() {
  auto all = batches();
  CHECK(all.size() == 1);
  return all.front();
}

Batch World::batch(BatchId id) {
  return ask([&](Store& store) { return store.get_batch(id); });
}

Batch World::batch_at_once(BatchId id) {
  auto& running = machine().running;
  const bool before = std::exchange(running, true);
  auto found = batch(id);
  running = before;
  return found;
}

RequestView World::request(RequestId id, OwnerId owner) {
  return ask([&](Store& store) { return store.find_request(owner, id); });
}

std::vector<RequestState> World::states(const std::vector<RequestId>& ids, OwnerId owner) {
  std::vector<RequestState> all;
  for (const auto id : ids) all.push_back(request(id, owner).state);
  return all;
}

std::string World::response_of(RequestId id, OwnerId owner) {
  const auto view = request(id, owner);
  std::string line;
  for (std::int64_t index = 0; static_cast<std::int64_t>(line.size()) < view.result.bytes; ++index)
    line += ask([&](Store& store) { return store.read_chunk(view.result.id, index); });
  return line.substr(static_cast<std::size_t>(view.value_offset), static_cast<std::size_t>(view.value_bytes));
}

bool World::balanced() {
  return ask([](Store& store) { return store.counts(); }).balanced();
}

std::string World::jsonl_of(const Batch& batch) {
  const auto provider = proto::make_gemini({});
  std::string text;
  for (std::optional<LineCursor> cursor = LineCursor(); cursor;) {
    const auto read = ask([&](Store& store) { return store.read_lines(batch.id, *cursor); });
    for (const auto& piece : read.pieces) {
      const auto frame = provider->encode_line(batch.id, piece.request);
      text += (piece.first ? frame.prefix : "") + piece.bytes + (piece.last ? frame.suffix : "");
    }
    cursor = read.next;
  }
  return text;
}

Batch World::packed(int count) {
  ids_ = accept_many(count);
  if (count < config.packing.limits.items) advance_clock(config.packing.limits.max_age);
  pass(0s, {Which::pack});
  return only_batch();
}

Batch World::uploaded(int count) {
  packed(count);
  look(Which::submit);
  look(Which::submit);
  auto there = only_batch();
  CHECK(there.state == BatchState::uploaded);
  return there;
}

Batch World::submitted(int count) {
  uploaded(count);
  look(Which::submit);
  auto running = only_batch();
  CHECK(running.state == BatchState::submitted);
  return running;
}

}  // namespace batchd::daemon::testing
