// The outcome of a call, whatever the other side does.
#include <boost/asio/post.hpp>

#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

TEST_F(HttpsClientTest, NobodyListening) {
  std::string url;
  { url = ScriptedServer({}).url(); }
  connect(url);
  EXPECT_EQ(call(create()).kind, Kind::not_sent);
  EXPECT_EQ(call(get()).kind, Kind::not_sent);
}

struct Wire {
  std::string bytes;
  bool answer;
  std::string body;
};

std::string repeated(int times, const std::string& text) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

std::vector<Wire> wires() {
  const std::string kBig(200'000, 'b');
  return {
      {answer_text("hello"), true, "hello"},
      {answer_text(kBig), true, kBig},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n", true,
       "abcde"},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", true, "until the end"},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nend", true, "end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", true, ""},
      {repeated(8, "HTTP/1.1 100 Continue\r\n\r\n") + answer_text("after"), true, "after"},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer_text("late"), true, "late"},
      {"HTTP/1.1 102 Processing\r\nContent-Length: 0\r\n\r\n" + answer_text("done"), true, "done"},
      {repeated(9, "HTTP/1.1 100 Continue\r\n\r\n") + answer_text("after"), false, ""},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n" + answer_text("x"), false, ""},
      {"HTTP/1.1 100 Continue\r\n\r\n", false, ""},
      {"", false, ""},
      {"HTTP/1.1 200", false, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX", false, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", false, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'h') + "\r\nContent-Length: 0\r\n\r\n", false, ""},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(60'000, 'h') + "\r\nContent-Length: 0\r\n\r\n", true, ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(300'000, 'e') + "\r\nabc", false, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + std::string(9'000'000, 'm'), false, ""},
      {"SSH-2.0-OpenSSH\r\n", false, ""},
  };
}

TEST_F(HttpsClientTest, AnAnswerIsCompleteOrItIsNone) {
  for (const auto& wire : wires()) {
    ScriptedServer server({answers(wire.bytes)});
    connect(server.url());
    const auto event = call(create());
    EXPECT_EQ(event.kind, wire.answer ? Kind::answer : Kind::no_answer) << wire.bytes.substr(0, 100) << event.detail;
    if (wire.answer) {
      EXPECT_TRUE(event.body == wire.body) << wire.bytes.substr(0, 100);
    }
  }
}

TEST_F(HttpsClientTest, FragmentsMakeNoDifference) {
  for (const auto& wire : wires()) {
    if (wire.bytes.size() > 1000) continue;
    ScriptedServer server({[&wire](RawSocket& connection) {
      connection.read_until("\r\n\r\n");
      for (const char byte : wire.bytes) {
        if (!connection.send({&byte, 1})) return;
        std::this_thread::yield();
      }
    }});
    connect(server.url());
    const auto event = call(create());
    EXPECT_EQ(event.kind, wire.answer ? Kind::answer : Kind::no_answer) << wire.bytes;
    if (wire.answer) {
      EXPECT_EQ(event.body, wire.body);
    }
  }
}

TEST_F(HttpsClientTest, RedirectsAreAnswers) {
  ScriptedServer server({answers("HTTP/1.1 302 Found\r\nLocation: /base/x?y=z\r\nContent-Length: 0\r\n\r\n")});
  connect(server.url() + "/base");
  const auto event = call(get());
  EXPECT_EQ(event.status, 302);
  EXPECT_EQ(event.redirect, "/x?y=z");
  EXPECT_EQ(server.accepted(), 1);
}

TEST(RedirectTarget, StaysOnTheBaseUrl) {
  const auto plain = parse_base_url("https://a.example");
  for (const auto* inside : {"/x?y=z", "https://a.example/x?y=z", "https://A.Example:443/x?y=z"})
    EXPECT_EQ(redirect_target(plain, inside), "/x?y=z") << inside;
  for (const auto* outside :
       {"", "x", "//evil/x", "http://a.example/x", "https://a.example:8443/x", "https://a.example.evil/x",
        "https://a.example@evil/x", "https://evil/https://a.example/x", "https://a.example", "/a/../x", "/a b", "/x#y",
        "ftp://a.example/x", "https:///x", "https://a.example?x"})
    EXPECT_EQ(redirect_target(plain, outside), "") << outside;
  const auto below = parse_base_url("http://localhost:1/base");
  EXPECT_EQ(redirect_target(below, "http://localhost:1/base/x"), "/x");
  EXPECT_EQ(redirect_target(below, "/based/x"), "");
  EXPECT_EQ(redirect_target(below, "/x"), "");
}

TEST_F(HttpsClientTest, TheSinkGetsGoodBodiesOnly) {
  const std::string body(1 << 20, 'l');
  ScriptedServer server({answers(answer_text(body)), answers(answer_text("gone", "404 Not Found")),
                         answers("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(200'000, 'c')),
                         answers(answer_text(body))});
  connect(server.url());
  MemorySink sink;
  auto event = call(download(), nullptr, &sink);
  EXPECT_EQ(event.kind, Kind::answer);
  EXPECT_EQ(event.streamed_bytes, 1 << 20);
  EXPECT_EQ(event.body, "");
  EXPECT_TRUE(sink.text == body);
  EXPECT_GT(sink.writes, 1);

  sink = {};
  event = call(download(), nullptr, &sink);
  EXPECT_EQ(event.status, 404);
  EXPECT_EQ(event.body, "gone");
  EXPECT_EQ(sink.text, "");

  event = call(download(), nullptr, &sink);
  EXPECT_EQ(event.kind, Kind::no_answer);

  sink = {};
  sink.fails = true;
  event = call(download(), nullptr, &sink);
  EXPECT_EQ(event.kind, Kind::no_answer);
  EXPECT_NE(event.detail.find("sink full"), std::string::npos);
}

TEST_F(HttpsClientTest, ConnectionsAreSharedByPlainCallsOnly) {
  std::vector<RawSocket> open;
  const auto twice = [&open](RawSocket& connection) {
    for (int i = 0; i < 2; ++i) {
      connection.read_until("\r\n\r\n");
      connection.send(answer_text("ok"));
    }
    open.push_back(std::move(connection));
  };
  const auto once = answers(answer_text("ok"));
  ScriptedServer server({twice, once, once, once});
  connect(server.url());
  EXPECT_EQ(call(get()).kind, Kind::answer);
  EXPECT_EQ(call({.method = "DELETE", .target = "/x"}).kind, Kind::answer);
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(call(create()).kind, Kind::answer);
  EXPECT_EQ(server.accepted(), 2) << "a single shot went over an old connection";
}

TEST_F(HttpsClientTest, AStaleConnectionIsReplacedForPlainCallsOnly) {
  // Keeps the connection open after its first answer, and closes it when the next request comes.
  const auto dies_on_second = [](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(answer_text("first"));
    connection.read_until("\r\n\r\n");
  };
  ScriptedServer server({dies_on_second, dies_on_second, answers(""), answers(answer_text("never"))});
  connect(server.url());
  EXPECT_EQ(call(get()).body, "first");
  EXPECT_EQ(call(get()).body, "first");  // on the second connection, after the first one died
  EXPECT_EQ(server.accepted(), 2);
  EXPECT_EQ(call(get()).kind, Kind::no_answer);  // replaced once, not twice
  EXPECT_EQ(server.accepted(), 3);
}

// The first connection takes only a part of the second request, which has a head of many writes.
TEST_F(HttpsClientTest, AStaleConnectionIsReplacedThoughNotAllOfTheHeadWasWritten) {
  ScriptedServer server({[](RawSocket& connection) {
                           connection.read_until("\r\n\r\n");
                           connection.send(answer_text("first"));
                           connection.read_some();
                         },
                         [](RawSocket& connection) {
                           for (std::string end; !end.ends_with("\r\n\r\n");) {
                             const auto piece = connection.read_some();
                             if (piece.empty()) return;
                             end = (end + piece).substr(std::max<std::size_t>(piece.size(), 4) - 4);
                           }
                           connection.send(answer_text("second"));
                         }});
  connect(server.url());
  EXPECT_EQ(call(get()).body, "first");
  auto large = get();
  large.headers = {{"X", std::string(16 << 20, 'h')}};
  const auto event = call(large);
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_EQ(event.body, "second");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(HttpsClientTest, WhatWentOverAStaleConnectionStaysSentIfItCannotBeReplaced) {
  std::atomic<ScriptedServer*> itself = nullptr;
  ScriptedServer server({[&itself](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(answer_text("first"));
    connection.read_until("\r\n\r\n");
    itself.load()->stop_listening();
  }});
  itself = &server;
  connect(server.url());
  EXPECT_EQ(call(get()).body, "first");
  const auto event = call(get());
  EXPECT_EQ(event.kind, Kind::no_answer);
  EXPECT_NE(event.detail.find("connect"), event.detail.npos) << event.detail;
}

TEST_F(HttpsClientTest, SilenceEndsByTimeout) {
  auto with = config("");
  for (const std::string& start : {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")}) {
    ScriptedServer server({[&start](RawSocket& connection) {
      connection.read_until("\r\n\r\n");
      connection.send(start);
      connection.read_to_end();
    }});
    with.base_url = server.url();
    with.answer_timeout = core::Duration(50);
    connect(with);
    const auto event = call(get());
    EXPECT_EQ(event.kind, Kind::no_answer);
    EXPECT_NE(event.detail.find("timed out"), event.detail.npos) << event.detail;
  }
}

TEST_F(HttpsClientTest, AStalledDownloadEndsByTimeout) {
  ScriptedServer server({[](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + std::string(99'000, 'd'));
    connection.read_to_end();
  }});
  auto with = config(server.url());
  with.stall_timeout = with.answer_timeout = core::Duration(50);
  connect(with);
  MemorySink sink;
  EXPECT_EQ(call(download(), nullptr, &sink).kind, Kind::no_answer);
}

TEST_F(HttpsClientTest, CancelledWhileWaitingForTheAnswer) {
  ScriptedServer server({[this](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    asio::post(context_, [this] { stop_.emit(asio::cancellation_type::terminal); });
    connection.read_to_end();
  }});
  connect(server.url());
  EXPECT_EQ(call(create()).kind, Kind::no_answer);
}

}  // namespace
}  // namespace batchd::daemon::test
