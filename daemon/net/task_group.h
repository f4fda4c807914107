// Owns coroutines: nothing in the daemon runs detached. Cancellation doesn't throw in a group's tasks: the operation
// under way ends with operation_aborted, and loops look at their stop flag.
#pragma once

#include <exception>
#include <list>

#include "daemon/net/net.h"

namespace batchd::daemon {

// How a coroutine may end: by itself, or cancelled. Any other exception is a bug, nobody knows what it leaves behind,
// and the process ends.
void expect_clean_end(const std::exception_ptr& error);

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor) : executor_(std::move(executor)), emptied_(executor_) {}
  TaskGroup(const TaskGroup&) = delete;
  ~TaskGroup();  // CHECKs that it is empty: join first

  // Starts `task` soon. An exception that leaves it is a bug and ends the process, operation_aborted apart.
  void spawn(Task<void> task);
  // total: finish the item, shielded work goes on. terminal: everything.
  void cancel(asio::cancellation_type type);
  bool empty() const { return running_.empty(); }
  std::size_t size() const { return running_.size(); }
  // Waits until no task is left, or until `due`; true if none is left. One waiter at a time.
  Task<bool> joined(std::chrono::steady_clock::time_point due);

 private:
  static Task<void> run(Task<void> task);

  Executor executor_;
  std::list<asio::cancellation_signal> running_;
  Timer emptied_;
};

}  // namespace batchd::daemon
