// The store, for coroutines: co_await store.state(&core::Store::mark, id, from, to, patch, now).
// Runs a verb on the store's thread and resumes the caller after the commit of its transaction: what the verb returns
// is durable.
#pragma once

#include <boost/asio/async_result.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "core/store.h"
#include "daemon/net/net.h"
#include "storage/store_thread.h"

namespace batchd::daemon {

class StoreClient {
 public:
  explicit StoreClient(storage::StoreThread& thread) : thread_(thread) {}

  // Each of these runs one verb. They differ in the class, which decides the order in which verbs are replayed after a
  // full disk. Arguments are kept until the verb has completed and are not consumed by it, since it may run twice.
  template <class R, class... P, class... A>
  Task<R> intake(R (core::Store::*verb)(P...), A... args) {
    co_return co_await one(storage::VerbClass::intake, verb, std::move(args)...);
  }
  template <class R, class... P, class... A>
  Task<R> state(R (core::Store::*verb)(P...), A... args) {
    co_return co_await one(storage::VerbClass::state, verb, std::move(args)...);
  }
  template <class R, class... P, class... A>
  Task<R> outcome(R (core::Store::*verb)(P...), A... args) {
    co_return co_await one(storage::VerbClass::outcome, verb, std::move(args)...);
  }
  template <class R, class... P, class... A>
  Task<R> read(R (core::Store::*verb)(P...), A... args) {
    co_return co_await one(storage::VerbClass::read, verb, std::move(args)...);
  }

  // Runs several verbs as one: `verb` is called as Result<T>(core::Store&), perhaps twice, and takes effect wholly or
  // not at all. It must stay within one verb's budget of rows and bytes.
  template <class Verb, class R = std::invoke_result_t<Verb&, core::Store&>>
  Task<R> together(storage::VerbClass verb_class, Verb verb) {
    auto by_reference = [&verb](core::Store& store) -> R { return verb(store); };
    co_return co_await run<R>(verb_class, by_reference);
  }

  // Returns a count of the completed verbs that may have changed something. While it stays the same, what was read from
  // the store still holds.
  std::uint64_t changes() const { return changes_; }

 private:
  template <class R, class... P, class... A>
  Task<R> one(storage::VerbClass verb_class, R (core::Store::*verb)(P...), A... args) {
    auto bound = [&](core::Store& store) -> R { return (store.*verb)(args...); };
    co_return co_await run<R>(verb_class, bound);
  }

  // `verb` lives in the awaiting coroutine's frame. The wait is not cancellable, so that frame outlives the completion.
  template <class R, class Verb>
  Task<R> run(storage::VerbClass verb_class, Verb& verb) {
    auto initiate = [this, verb_class, &verb](auto handler) {
      auto resume = std::make_shared<decltype(handler)>(std::move(handler));
      thread_.run(verb_class, std::ref(verb), [resume](R result) { (*resume)(std::move(result)); });
    };
    auto result = co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(R)>(initiate, use_task);
    if (verb_class != storage::VerbClass::read) ++changes_;
    co_return result;
  }

  storage::StoreThread& thread_;
  std::uint64_t changes_ = 0;
};

}  // namespace batchd::daemon
