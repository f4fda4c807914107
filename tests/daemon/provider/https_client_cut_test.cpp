// How much of a request is known to have been written if the call was cut short.
#include <boost/asio/post.hpp>
#include <future>

#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

constexpr std::int64_t kMoreThanSocketsHold = 64 << 20;

PiecesOpener large_slice() {
  return PiecesOpener(std::vector<std::string>(kMoreThanSocketsHold >> 20, std::string(1 << 20, 'u')));
}

TEST_F(HttpsClientTest, ClosingAfterAnyPartOfASmallRequestIsNoAnswer) {
  std::vector<ScriptedServer::Script> scripts{[](RawSocket&) {}};  // k = 0
  for (const std::size_t k : {1u, 10u, 100u, 2000u})
    scripts.push_back([k](RawSocket& connection) {
      for (std::size_t got = 0; got < k;) got += connection.read_some().size();
    });
  const auto expected = static_cast<int>(scripts.size());
  ScriptedServer server(std::move(scripts));
  connect(server.url());
  auto request = create();
  request.body = {std::string(4000, 'x')};
  for (int i = 0; i < expected; ++i) EXPECT_EQ(call(request).kind, Kind::no_answer) << i;
  EXPECT_EQ(server.accepted(), expected) << "a single shot was repeated";
}

TEST_F(HttpsClientTest, ARequestThatIsCutInItsMiddleWasNotWhole) {
  const auto cut = [](RawSocket& connection) {
    read_request(connection, 100'000);
    reset(connection);
  };
  ScriptedServer server({cut, cut});
  connect(server.url());
  auto request = create();
  request.body = {std::string(kMoreThanSocketsHold, 'x')};
  EXPECT_EQ(call(request).kind, Kind::not_whole);
  auto slices = large_slice();
  EXPECT_EQ(call(upload(kMoreThanSocketsHold), &slices).kind, Kind::not_whole);
  EXPECT_EQ(server.accepted(), 2) << "a POST was repeated";
}

TEST_F(HttpsClientTest, ARequestThatHasArrivedIsNeverCalledNotWhole) {
  PiecesOpener slices({std::string(300'000, 's'), "s"});
  slices.at(1, {"s"});
  for (const auto& body : std::vector<std::vector<core::BodyPart>>{{"text"},
                                                                   {std::string(500'000, 't')},
                                                                   {slice(0, 300'001)},
                                                                   {"{", slice(1, 1)},
                                                                   {"{", slice(0, 300'001), "}"}}) {
    const auto bytes = slices.bytes(body).size();
    std::string seen;
    core::HttpEvent event;
    {
      ScriptedServer server({[&](RawSocket& connection) {
        seen = read_request(connection, bytes);
        reset(connection);
      }});
      connect(server.url());
      event = call(post(body), &slices);
    }
    EXPECT_EQ(body_of(seen).size(), bytes);
    EXPECT_EQ(event.kind, Kind::no_answer) << event.detail;
  }
}

// The connection is dead before the write with the last byte begins; but it begins, and proves nothing by its failure.
TEST_F(HttpsClientTest, ALastWriteThatFailsProvesNothing) {
  std::promise<void> dead;
  ScriptedServer server({[&dead](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    reset(connection);
    dead.set_value();
  }});
  connect(server.url());
  PiecesOpener slices({"12345"}, [&dead] { dead.get_future().wait_for(std::chrono::seconds(30)); });
  const auto event = call(upload(5), &slices);
  EXPECT_EQ(event.kind, Kind::no_answer);
  EXPECT_TRUE(event.detail.starts_with("write")) << event.detail;
}

TEST_F(HttpsClientTest, AnEarlyRefusalOfAnUploadIsHeard) {
  const auto refuse = [](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(answer_text("too much", "413 Content Too Large"));
  };
  const auto refuse_and_stay = [refuse](RawSocket& connection) {
    refuse(connection);
    wait_for_end(connection);
  };
  for (const bool stays : {false, true}) {
    ScriptedServer server({stays ? ScriptedServer::Script(refuse_and_stay) : refuse});
    auto with = config(server.url());
    if (stays) with.stall_timeout = core::Duration(50);
    connect(with);
    auto slices = large_slice();
    const auto event = call(upload(kMoreThanSocketsHold), &slices);
    EXPECT_EQ(event.kind, Kind::answer) << event.detail;
    EXPECT_TRUE(event.early);
    EXPECT_EQ(event.status, 413);
    EXPECT_EQ(event.body, "too much");
  }
}

TEST_F(HttpsClientTest, AnAnswerIsNotEarlyIfTheRequestWasWrittenInSpiteOfIt) {
  constexpr std::size_t kBytes = 16 << 20;
  ScriptedServer server({[](RawSocket& connection) {
    auto got = body_of(connection.read_until("\r\n\r\n")).size();
    connection.send(answer_text("too much", "413 Content Too Large"));
    while (got < kBytes) {
      const auto piece = connection.read_some().size();
      if (piece == 0) return;
      got += piece;
    }
  }});
  connect(server.url());
  const auto event = call(post({std::string(kBytes, 'x')}));
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_EQ(event.status, 413);
  EXPECT_FALSE(event.early);
}

TEST_F(HttpsClientTest, AStalledUploadWasNotWhole) {
  ScriptedServer server({[](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    wait_for_end(connection);
  }});
  auto with = config(server.url());
  with.stall_timeout = with.answer_timeout = core::Duration(50);
  connect(with);
  auto slices = large_slice();
  const auto event = call(upload(kMoreThanSocketsHold), &slices);
  EXPECT_EQ(event.kind, Kind::not_whole);
  EXPECT_NE(event.detail.find("timed out"), event.detail.npos) << event.detail;
}

TEST_F(HttpsClientTest, CancelledInTheMiddleOfTheBody) {
  ScriptedServer server({[this](RawSocket& connection) {
                           connection.read_until("\r\n\r\n");
                           asio::post(context_, [this] { stop_.emit(asio::cancellation_type::terminal); });
                           wait_for_end(connection);
                         },
                         wait_for_end});
  connect(server.url());
  EXPECT_EQ(call(post({std::string(kMoreThanSocketsHold, 'x')})).kind, Kind::not_whole);
  // While a slice is read, when only the last write is left to be done.
  PiecesOpener slices({"123", "45"}, [this] { stop_.emit(asio::cancellation_type::terminal); });
  const auto event = call(upload(5), &slices);
  EXPECT_EQ(event.kind, Kind::not_whole);
  EXPECT_EQ(event.detail, "cancelled");
}

}  // namespace
}  // namespace batchd::daemon::test
