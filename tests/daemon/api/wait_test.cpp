// Whoever waits in a call looks by itself too: a notification that is lost costs polling.max and nothing else.
#include "daemon/api/wait.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <optional>

#include "daemon/api/api.h"
#include "daemon/net/clock.h"
#include "storage/sqlite/store.h"
#include "tests/harness/temp_folder.h"

namespace batchd::daemon {
namespace {

using namespace std::chrono_literals;
using core::RequestState;

constexpr auto kStuckAfter = std::chrono::seconds(30);
constexpr core::OwnerId kAnna{1001};

// A client that waits, and keeps what is written to it.
class PatientClient final : public Exchange {
 public:
  explicit PatientClient(const Executor& executor, RequestHead head = {})
      : for_ever_(executor, Timer::time_point::max()), head_(std::move(head)) {}
  const std::string& written() const { return written_; }
  const Peer& peer() const override { return peer_; }
  const RequestHead& head() const override { return head_; }
  bool still_known() const override { return true; }
  Task<void> hung_up() override { co_await for_ever_.async_wait(as_tuple_task); }
  Task<bool> interim() override { co_return true; }

  Task<core::Result<std::string>> read_body() override { co_return std::string(); }
  void allow_body(std::int64_t) override {}
  Task<bool> reply(ReplyHead, std::string) override { co_return true; }
  Task<bool> begin_reply(ReplyHead, std::int64_t) override { co_return true; }
  Task<bool> write(std::string_view text) override {
    written_ += text;
    co_return true;
  }
  Task<bool> writable() override { co_return true; }
  Task<bool> begin_stream(ReplyHead) override { co_return true; }
  Task<bool> end_stream() override { co_return true; }
  void after_answer(std::function<void(bool taken)>) override {}

 private:
  Timer for_ever_;
  Peer peer_{.owner = kAnna};
  RequestHead head_;
  std::string written_;
};

class Wait : public ::testing::Test {
 protected:
  Wait() { config_.polling.max = 20ms; }

  // False: not within kStuckAfter.
  bool run_until(const std::function<bool()>& over) {
    const auto alarm = std::chrono::steady_clock::now() + kStuckAfter;
    while (!over() && std::chrono::steady_clock::now() < alarm) io_.run_one_for(10ms);
    return over();
  }
  template <class Verb>
  auto ask(Verb verb) {
    std::optional<std::invoke_result_t<Verb&, core::Store&>> result;
    store_.run(storage::VerbClass::state, verb, [&](auto outcome) { result = std::move(outcome); });
    EXPECT_TRUE(run_until([&] { return result.has_value(); }));
    return std::move(*result).value();
  }
  core::RequestId accept() {
    core::NewRequest request;
    request.owner = kAnna;
    request.lane = {"default", "generateContent", "gemini-2.5-flash"};
    request.body = "{}";
    return ask([&](core::Store& store) { return store.accept(request, clock_.wall()); }).id;
  }

  // Returns once the caller has looked, found nothing, and waits: it alone.
  void let_it_wait(core::RequestId id) {
    ASSERT_TRUE(run_until([&] { return engine_.waiters.size() == 1; }));
    ask([&](core::Store& store) { return store.find_request(kAnna, id); });  // behind its first look
    while (io_.poll() > 0) {
    }
  }
  // Tells nobody.
  void cancel(core::RequestId id) {
    ask([&](core::Store& store) { return store.cancel(kAnna, id, clock_.wall()); });
  }

  harness::TempFolder folder_;
  config::Config config_;
  SystemClock clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_{io_.get_executor()};
  storage::StoreThread store_{storage::open_sqlite({.path = folder_.file("db")}).value(),
                              [this](std::function<void()> completions) { asio::post(io_, std::move(completions)); },
                              [](const core::Error&) {}};
  Engine engine_{io_.get_executor(), config_, clock_, store_};
};

TEST_F(Wait, AnEndThatNobodyToldOfIsSeenAllTheSame) {
  const auto id = accept();
  PatientClient client(io_.get_executor());
  auto beat = pulse(engine_, core::Duration::zero());
  std::optional<Waited> waited;
  auto over = [&](const std::exception_ptr& error, Waited how) {
    EXPECT_FALSE(error);
    waited = std::move(how);
  };
  asio::co_spawn(io_.get_executor(), wait_for(engine_, client, id, clock_.steady() + 1h, beat), over);
  let_it_wait(id);
  cancel(id);
  ASSERT_TRUE(run_until([&] { return waited.has_value(); })) << "it would have waited for an hour";
  ASSERT_TRUE(waited->request);
  EXPECT_EQ(waited->request->state, RequestState::cancelled);
}

TEST_F(Wait, AResultThatNobodyToldOfIsSentAllTheSame) {
  const auto id = accept();
  RequestHead head;
  head.query = {{"wait", "3600"}};
  PatientClient client(io_.get_executor(), head);
  Desk desk(engine_);
  bool answered = false;
  auto over = [&](const std::exception_ptr& error) {
    EXPECT_FALSE(error);
    answered = true;
  };
  asio::co_spawn(io_.get_executor(), get_results(desk, client, {}), over);
  let_it_wait(id);
  ASSERT_FALSE(answered);
  cancel(id);
  ASSERT_TRUE(run_until([&] { return answered; })) << "it would have waited for an hour";
  EXPECT_NE(client.written().find(core::to_text(id)), std::string::npos) << client.written();
}

}  // namespace
}  // namespace batchd::daemon
