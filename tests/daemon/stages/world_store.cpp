// What a World asks of its store, and the shortcuts to where a story begins.
#include <utility>

#include "tests/daemon/stages/machine.h"

namespace batchd::daemon::testing {

RequestId AnyWorld::accept(const std::string& body, OwnerId owner, std::int64_t tokens) {
  NewRequest fresh;
  fresh.owner = owner;
  fresh.lane = lane;
  fresh.body = body;
  fresh.tokens = tokens;
  return ask([&](Store& store) { return store.accept(fresh, wall()); }).id;
}

RequestId AnyWorld::accept_due(const std::string& body, Duration deadline, bool fail, OwnerId owner) {
  NewRequest fresh;
  fresh.owner = owner;
  fresh.lane = lane;
  fresh.body = body;
  fresh.tokens = 10;
  fresh.deadline = wall() + deadline;
  fresh.fail_at_deadline = fail;
  return ask([&](Store& store) { return store.accept(fresh, wall()); }).id;
}

std::vector<RequestId> AnyWorld::accept_all(const std::vector<std::string>& bodies, OwnerId owner) {
  return ask([&](Store& store) -> Result<std::vector<RequestId>> {
    std::vector<RequestId> ids;
    for (const auto& body : bodies) {
      NewRequest fresh;
      fresh.owner = owner;
      fresh.lane = lane;
      fresh.body = body;
      fresh.tokens = 10;
      const auto accepted = store.accept(fresh, wall());
      if (!accepted) return accepted.error();
      ids.push_back(accepted->id);
    }
    return ids;
  });
}

std::vector<RequestId> AnyWorld::accept_many(int count, OwnerId owner) {
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) bodies.push_back("{\"n\":" + std::to_string(accepted_++) + "}");
  return accept_all(bodies, owner);
}

std::vector<Batch> AnyWorld::batches(std::optional<BatchState> state) {
  std::vector<BatchState> wanted;
  for (std::size_t i = 0; i < kBatchStates; ++i)
    if (!state || *state == static_cast<BatchState>(i)) wanted.push_back(static_cast<BatchState>(i));
  return ask([&](Store& store) { return store.list_batches(wanted, BatchId(), 500); });
}

Batch AnyWorld::only_batch() {
  auto all = batches();
  CHECK(all.size() == 1);
  return all.front();
}

Batch AnyWorld::batch(BatchId id) {
  return ask([&](Store& store) { return store.get_batch(id); });
}

Batch AnyWorld::batch_at_once(BatchId id) {
  auto& running = machine().running;
  const bool before = std::exchange(running, true);
  auto found = batch(id);
  running = before;
  return found;
}

RequestView AnyWorld::request(RequestId id, OwnerId owner) {
  return ask([&](Store& store) { return store.find_request(owner, id); });
}

std::vector<RequestState> AnyWorld::states(const std::vector<RequestId>& ids, OwnerId owner) {
  return ask([&](Store& store) -> Result<std::vector<RequestState>> {
    std::vector<RequestState> all;
    for (const auto id : ids) {
      const auto view = store.find_request(owner, id);
      if (!view) return view.error();
      all.push_back(view->state);
    }
    return all;
  });
}

std::string AnyWorld::response_of(RequestId id, OwnerId owner) {
  const auto view = request(id, owner);
  std::string line;
  for (std::int64_t index = 0; static_cast<std::int64_t>(line.size()) < view.result.bytes; ++index)
    line += ask([&](Store& store) { return store.read_chunk(view.result.id, index); });
  return line.substr(static_cast<std::size_t>(view.value_offset), static_cast<std::size_t>(view.value_bytes));
}

bool AnyWorld::balanced() {
  return ask([](Store& store) { return store.counts(); }).balanced();
}

std::string AnyWorld::jsonl_of(const Batch& batch) {
  const auto provider = vendor.make();
  std::string text;
  for (std::optional<LineCursor> cursor = LineCursor(); cursor;) {
    const auto read = ask([&](Store& store) { return store.read_lines(batch.id, *cursor); });
    for (const auto& piece : read.pieces) {
      const auto frame = provider->line_frame(batch.lane, batch.id, piece.request);
      text += (piece.first ? frame.prefix : "") + piece.bytes + (piece.last ? frame.suffix : "");
    }
    cursor = read.next;
  }
  return text;
}

Batch AnyWorld::packed(int count) {
  ids_ = accept_many(count);
  if (count < config.packing.limits.items) advance_clock(config.packing.limits.max_age);
  pass(0s, {Which::pack});
  return only_batch();
}

Batch AnyWorld::uploaded(int count) {
  packed(count);
  look(Which::submit);
  look(Which::submit);
  auto there = only_batch();
  CHECK(there.state == BatchState::uploaded);
  return there;
}

Batch AnyWorld::submitted(int count) {
  uploaded(count);
  look(Which::submit);
  auto running = only_batch();
  CHECK(running.state == BatchState::submitted);
  return running;
}

}  // namespace batchd::daemon::testing
