// Owns coroutines, so that nothing in the daemon runs detached. Cancellation does not throw inside a group's tasks: the
// pending operation ends with operation_aborted, and loops check their stop flag.
#pragma once

#include <exception>
#include <list>

#include "daemon/net/net.h"

namespace batchd::daemon {

// Ends the process if `error` is an exception other than a cancellation (operation_aborted): such an exception is a
// bug, and the state it leaves behind is unknown. Does nothing if `error` is null.
void expect_clean_end(const std::exception_ptr& error);

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor) : executor_(std::move(executor)), emptied_(executor_) {}
  TaskGroup(const TaskGroup&) = delete;
  ~TaskGroup();  // CHECKs that the group is empty: wait for joined() first

  // Schedules `task` on the executor. An exception that leaves `task` ends the process, unless it is operation_aborted.
  void spawn(Task<void> task);
  // Cancels all tasks of the group. `total` lets work that is shielded against it (a create call) go on; `terminal`
  // cancels that too. Called inside a handler of the executor: from outside Asio would post the cancellation, and a
  // task that ended before it arrived would leave it a dangling signal.
  void cancel(asio::cancellation_type type);
  bool empty() const { return running_.empty(); }
  std::size_t size() const { return running_.size(); }
  // Waits until no task is left, or until `due`. Returns true if no task is left. Only one waiter at a time is allowed.
  Task<bool> joined(std::chrono::steady_clock::time_point due);

 private:
  static Task<void> run(Task<void> task);

  Executor executor_;
  std::list<asio::cancellation_signal> running_;
  Timer emptied_;
};

}  // namespace batchd::daemon
