// Verbs commit: the one thread that owns the store. All verbs waiting run in one transaction, committed once; then all
// their completions are handed over in one post. No timer: a group is what came together while the last one was being
// committed. A group that is lost (full disk; a verb that failed after it wrote) is run again, verb by verb.
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

// The order in which verbs are replayed, each alone, after their group was lost (disk full): what was paid for first.
enum class VerbClass : std::uint8_t { outcome, state, read, intake };

class StoreThread {
 public:
  // Runs the given function soon, on the thread that wants completions. Called once per group, from the store's thread.
  using Post = std::function<void(std::function<void()>)>;
  // The store can't be trusted any more. Called once, on the store's thread; no completion follows it, ever.
  using OnFatal = std::function<void(core::Error)>;

  StoreThread(std::unique_ptr<TransactionalStore> store, Post post, OnFatal on_fatal);
  ~StoreThread();  // stop()

  // `verb`: Result<T>(core::Store&), run on the store's thread, perhaps twice (core/store.h). `done`: void(Result<T>),
  // posted after the commit; it sees the commit's error if that failed. Any thread may call. After stop():
  // Errc::stopping.
  template <class Verb, class Done>
  void run(VerbClass verb_class, Verb verb, Done done) {
    put(std::make_unique<JobOf<Verb, Done>>(verb_class, std::move(verb), std::move(done)));
  }

  // Runs what has been put in, commits, posts the completions, ends the thread. Idempotent. Not from on_fatal.
  void stop();

 private:
  struct Job {
    explicit Job(VerbClass verb_class) : verb_class(verb_class) {}
    virtual ~Job() = default;
    virtual bool run(core::Store& store) = 0;  // true: the verb succeeded, keep its changes
    virtual void fail(const core::Error& error) = 0;
    virtual void complete() = 0;
    VerbClass verb_class;
  };
  template <class Verb, class Done>
  struct JobOf;

  using Verbs = std::vector<std::unique_ptr<Job>>;

  void put(std::unique_ptr<Job> job);
  void loop();
  Verbs next_verbs();  // waits; empty: stopping, and all is done
  bool nothing_waits();
  void hand_over(Verbs group);
  void give_up();
  // False: the store is broken, nobody is to be answered.
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
  std::mutex joining_;  // two may call stop()
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
