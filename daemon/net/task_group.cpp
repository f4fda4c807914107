#include "daemon/net/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/check.h"
#include "daemon/net/log.h"

namespace batchd::daemon {

void expect_clean_end(const std::exception_ptr& error) {
  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& aborted) {
    if (aborted.code() != asio::error::operation_aborted) fatal("task_failed", aborted.what());
  } catch (const asio::multiple_exceptions&) {
    // An `a || b` was cancelled before either side had begun.
  } catch (const std::exception& bug) {
    fatal("task_failed", bug.what());
  }
}

TaskGroup::~TaskGroup() { CHECK(running_.empty()); }

Task<void> TaskGroup::run(Task<void> task) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

void TaskGroup::spawn(Task<void> task) {
  const auto self = running_.emplace(running_.end());
  auto ended = [this, self](const std::exception_ptr& error) {
    running_.erase(self);
    if (running_.empty()) emptied_.cancel();
    expect_clean_end(error);
  };
  asio::co_spawn(executor_, run(std::move(task)), asio::bind_cancellation_slot(self->slot(), std::move(ended)));
}

void TaskGroup::cancel(asio::cancellation_type type) {
  // emit() may end tasks at once, which erases them from running_; hence the snapshot.
  std::vector<asio::cancellation_signal*> signals;
  for (auto& signal : running_) signals.push_back(&signal);
  for (auto* signal : signals) {
    const auto alive = [&](const asio::cancellation_signal& other) { return &other == signal; };
    if (std::any_of(running_.begin(), running_.end(), alive)) signal->emit(type);
  }
}

Task<bool> TaskGroup::joined(std::chrono::steady_clock::time_point due) {
  while (!running_.empty() && std::chrono::steady_clock::now() < due) {
    emptied_.expires_at(due);
    co_await emptied_.async_wait(as_tuple_task);
  }
  co_return running_.empty();
}

}  // namespace batchd::daemon
