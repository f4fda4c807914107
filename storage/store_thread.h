// Group commit, on the one thread that owns the store. All waiting verbs run in one transaction, which is committed
// once; then all their completions are handed over in one post. There is no timer: a transaction has the verbs that
// arrived while the last one was being committed. The verbs of a lost transaction (full disk, or a verb that failed
// after it had written) are run again, each in a transaction of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/store.h"
#include "storage/transactional_store.h"

namespace batchd::storage {

// The order in which verbs are replayed after their transaction was lost: what was paid for comes first.
enum class VerbClass : std::uint8_t { outcome, state, read, intake };

class StoreThread {
 public:
  // Must run the given function soon, on the thread that wants completions. Called once for all verbs that ran
  // together, on the store's thread; after stop() by run(), on its caller's thread.
  using Post = std::function<void(std::function<void()>)>;
  // The store can't be trusted any more. Called at most once, on the store's thread; no completion is posted after it.
  using OnFatal = std::function<void(core::Error)>;

  StoreThread(std::unique_ptr<TransactionalStore> store, Post post, OnFatal on_fatal);
  ~StoreThread();  // calls stop()

  // Runs a verb and posts its completion. Any thread may call this.
  // `verb` is a Result<T>(core::Store&); it runs on the store's thread, perhaps twice (core/store.h).
  // `done` is a void(Result<T>); it is posted after the commit and gets the commit's error if the commit failed, or
  // Errc::stopping if stop() was called before.
  template <class Verb, class Done>
  void run(VerbClass verb_class, Verb verb, Done done) {
    put(std::make_unique<JobOf<Verb, Done>>(verb_class, std::move(verb), std::move(done)));
  }

  // Runs the verbs that are waiting, commits, posts the completions and ends the thread. Idempotent. Must not be called
  // from on_fatal.
  void stop();

 private:
  struct Job {
    explicit Job(VerbClass verb_class) : verb_class(verb_class) {}
    virtual ~Job() = default;
    virtual bool run(core::Store& store) = 0;  // true if the verb succeeded and its changes are to be kept
    virtual void fail(const core::Error& error) = 0;
    virtual void complete() = 0;
    VerbClass verb_class;
  };
  template <class Verb, class Done>
  struct JobOf;

  using Verbs = std::vector<std::unique_ptr<Job>>;

  void put(std::unique_ptr<Job> job);
  void loop();
  Verbs next_verbs();  // waits for verbs; empty if the thread is to stop and all verbs have run
  bool nothing_waits();
  void hand_over(Verbs group);
  void give_up();
  // False if the store is broken: nobody is answered then.
  bool run_together(const Verbs& group);
  bool replay(const Verbs& group);
  bool run_alone(Job& job);

  std::unique_ptr<TransactionalStore> store_;
  Post post_;
  OnFatal on_fatal_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  Verbs waiting_;
  bool stopping_ = false;
  bool fatal_ = false;
  std::mutex joining_;  // two threads may call stop()
  std::thread thread_;
};

template <class Verb, class Done>
struct StoreThread::JobOf final : Job {
  using VerbResult = std::invoke_result_t<Verb&, core::Store&>;
  JobOf(VerbClass verb_class, Verb verb, Done done) : Job(verb_class), verb_(std::move(verb)), done_(std::move(done)) {}
  bool run(core::Store& store) override {
    result_ = verb_(store);
    return result_.has_value();
  }
  void fail(const core::Error& error) override { result_ = error; }
  void complete() override { done_(std::move(result_)); }
  Verb verb_;
  Done done_;
  VerbResult result_ = core::Error{core::Errc::stopping, "not run"};
};

}  // namespace batchd::storage
