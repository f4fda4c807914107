// What the router refuses is told in the shape that the path's clients expect.
#include "daemon/api/router.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "daemon/api/reply.h"
#include "daemon/net/clock.h"
#include "storage/sqlite/store.h"
#include "tests/harness/temp_folder.h"

namespace batchd::daemon {
namespace {

// A call, and what it was answered.
class OneCall final : public Exchange {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  OneCall(std::string path, Peer peer, Headers headers = {}) : peer_(peer) {
    head_.method = "GET";
    head_.path = std::move(path);
    head_.headers = std::move(headers);
  }
  const Peer& peer() const override { return peer_; }
  const RequestHead& head() const override { return head_; }
  bool still_known() const override { return true; }
  Task<core::Result<std::string>> read_body() override { co_return std::string(); }
  void allow_body(std::int64_t) override {}
  Task<void> hung_up() override { co_return; }
  Task<bool> interim() override { co_return true; }
  Task<bool> reply(ReplyHead head, std::string body) override {
    answer = std::move(head);
    text = std::move(body);
    co_return true;
  }
  Task<bool> begin_reply(ReplyHead, std::int64_t) override { co_return true; }
  Task<bool> write(std::string_view) override { co_return true; }
  Task<bool> writable() override { co_return true; }
  Task<bool> begin_stream(ReplyHead) override { co_return true; }
  Task<bool> end_stream() override { co_return true; }
  void after_answer(std::function<void(bool taken)>) override {}

  ReplyHead answer;
  std::string text;

 private:
  Peer peer_;
  RequestHead head_;
};

std::pair<ReplyHead, std::string> render_loudly(const Problem& problem) {
  return {{problem.status, "text/loud", {}}, "!" + problem.code};
}

Task<void> say_served(Desk&, Exchange& exchange, std::string_view) { co_await reply_json(exchange, 200, "served"); }

Routes test_routes() {
  static constexpr Route kTable[]{
      {"GET", "/plain", false, say_served},
      {"GET", "/loud/open", false, say_served, Open::everywhere},
      {"GET", "/loud/admin", true, say_served},
      {"GET", "/loud/{rest}", false, say_served, Open::no, render_loudly},
  };
  return kTable;
}

class RouterTest : public ::testing::Test {
 protected:
  OneCall call(const std::string& path, const Peer& peer, OneCall::Headers headers = {}) {
    OneCall exchange(path, peer, std::move(headers));
    bool over = false;
    asio::co_spawn(io_.get_executor(), router_.handle(exchange), [&](const std::exception_ptr& error) {
      EXPECT_FALSE(error);
      over = true;
    });
    io_.restart();
    io_.poll();
    EXPECT_TRUE(over) << path;
    return exchange;
  }

  harness::TempFolder folder_;
  config::Config config_;
  SystemClock clock_;
  asio::io_context io_{1};
  storage::StoreThread store_{storage::open_sqlite({.path = folder_.file("db")}).value(),
                              [this](std::function<void()> completions) { asio::post(io_, std::move(completions)); },
                              [](const core::Error&) {}};
  Engine engine_{io_.get_executor(), config_, clock_, store_};
  Desk desk_{engine_};
  Router router_{desk_, {test_routes()}};
};

TEST_F(RouterTest, RefusesInTheShapeOfThePathsClients) {
  const Peer known{.owner = core::OwnerId{1}};
  const Peer stranger{.owner = core::OwnerId{1}, .known = false, .this_host = false};
  struct Case {
    std::string path;
    Peer peer;
    int status;
    std::string type;
  };
  const Case cases[] = {
      {"/plain", known, 200, "application/json"},
      {"/plain", stranger, 401, "application/problem+json"},
      {"/nowhere", known, 404, "application/problem+json"},
      {"/nowhere", stranger, 401, "application/problem+json"},
      {"/loud/x", known, 200, "application/json"},
      {"/loud/x", stranger, 401, "text/loud"},
      {"/loud/", known, 404, "text/loud"},  // no row matches, and yet its clients are those of the rows below it
      {"/loud/", stranger, 401, "text/loud"},
      {"/loud", known, 404, "application/problem+json"},
      {"/loud/open", stranger, 200, "application/json"},
      {"/loud/admin", known, 403, "text/loud"},
  };
  for (const auto& c : cases) {
    const auto answered = call(c.path, c.peer);
    EXPECT_EQ(answered.answer.status, c.status) << c.path;
    EXPECT_EQ(answered.answer.content_type, c.type) << c.path << answered.text;
    const bool asks = std::ranges::any_of(answered.answer.headers, [](const auto& header) {
      return header == std::pair<std::string, std::string>("WWW-Authenticate", "Bearer");
    });
    EXPECT_EQ(asks, c.status == 401) << c.path;
  }
}

TEST_F(RouterTest, ARefusalSaysItsCode) {
  EXPECT_EQ(call("/loud/", {.owner = core::OwnerId{1}}).text, "!no_such_path");
  EXPECT_NE(call("/nowhere", {.owner = core::OwnerId{1}}).text.find("\"code\":\"no_such_path\""), std::string::npos);
}

// Taken for none, it would let its caller pay twice, or from another account.
TEST_F(RouterTest, ASafetyHeaderThatCannotBeUsedIsRefusedOnEveryRoute) {
  const std::string key = "idempotency-key", account = "x-batchd-account";
  const struct {
    OneCall::Headers headers;
    std::string code;  // empty: served
  } cases[] = {
      {{{key, ""}}, "bad_idempotency_key"},
      {{{key, "a b"}}, "bad_idempotency_key"},
      {{{key, "caf\xC3\xA9"}}, "bad_idempotency_key"},
      {{{key, std::string(256, 'k')}}, "bad_idempotency_key"},
      {{{key, "a"}, {"host", "x"}, {key, "a"}}, "bad_idempotency_key"},
      {{{key, "a"}, {key, ""}}, "bad_idempotency_key"},
      {{{account, ""}}, "bad_account"},
      {{{account, "a"}, {account, "b"}}, "bad_account"},
      {{{key, std::string(255, 'k')}, {account, "a"}}, ""},
      {{}, ""},
  };
  for (const auto& c : cases) {
    const auto plain = call("/plain", {.owner = core::OwnerId{1}}, c.headers);
    EXPECT_EQ(plain.answer.status, c.code.empty() ? 200 : 400) << plain.text;
    const auto told = c.code.empty() ? std::string("served") : "\"code\":\"" + c.code + "\"";
    EXPECT_NE(plain.text.find(told), std::string::npos) << plain.text;
    const auto loud = call("/loud/x", {.owner = core::OwnerId{1}}, c.headers);
    EXPECT_EQ(loud.text, c.code.empty() ? "served" : "!" + c.code) << "in the shape of the path's clients";
  }
}

}  // namespace
}  // namespace batchd::daemon
