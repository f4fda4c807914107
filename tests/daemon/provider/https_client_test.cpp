// The outcome of a call, whatever the other side does.
#include <boost/asio/post.hpp>
#include <future>

#include "core/version.h"
#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

TEST_F(HttpsClientTest, SendsTheWholeHeadOnceAndKeepsThePrefix) {
  std::string seen;
  ScriptedServer server({[&seen](RawSocket& connection) {
    seen = connection.read_until("\r\n\r\n{}");
    connection.send(answer_text("ok"));
  }});
  connect(server.url() + "/base/");
  auto request = create();
  request.target = "/v1/x?y=z";
  request.headers = {{"Content-Type", "application/json"}};
  const auto event = call(request);
  EXPECT_EQ(event.kind, Kind::answer);
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.body, "ok");
  EXPECT_EQ(event.header("content-length"), "2");
  EXPECT_EQ(seen, "POST /base/v1/x?y=z HTTP/1.1\r\nHost: " + server.url().substr(7) +
                      "\r\nx-goog-api-key: secret\r\nUser-Agent: batchd/" + std::string(core::version()) +
                      "\r\nAccept: application/json\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}");
}

TEST_F(HttpsClientTest, TheKeyIsSentInTheProvidersHeaderBehindItsPrefix) {
  std::string seen;
  ScriptedServer server({[&seen](RawSocket& connection) {
    seen = connection.read_until("\r\n\r\n");
    connection.send(answer_text("ok"));
  }});
  auto bearer = config(server.url());
  bearer.credential_header = {"Authorization", "Bearer "};
  connect(bearer);
  EXPECT_EQ(call(get()).kind, Kind::answer);
  EXPECT_NE(seen.find("\r\nAuthorization: Bearer secret\r\n"), std::string::npos) << seen;
}

TEST_F(HttpsClientTest, NobodyListening) {
  std::string url;
  { url = ScriptedServer({}).url(); }
  connect(url);
  EXPECT_EQ(call(create()).kind, Kind::not_sent);
  EXPECT_EQ(call(get()).kind, Kind::not_sent);
}

TEST_F(HttpsClientTest, ClosingAfterAnyPartOfTheRequestIsNoAnswer) {
  std::vector<ScriptedServer::Script> scripts{[](RawSocket&) {}};  // k = 0
  for (const std::size_t k : {1u, 10u, 100u, 100'000u})
    scripts.push_back([k](RawSocket& connection) {
      for (std::size_t got = 0; got < k;) got += connection.read_some().size();
    });
  const auto expected = static_cast<int>(scripts.size());
  ScriptedServer server(std::move(scripts));
  connect(server.url());
  auto request = create();
  request.body = std::string(4 << 20, 'x');
  for (int i = 0; i < expected; ++i) EXPECT_EQ(call(request).kind, Kind::no_answer) << i;
  EXPECT_EQ(server.accepted(), expected) << "a single shot was repeated";
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

TEST_F(HttpsClientTest, SlicesAreSentWithTheirLength) {
  std::string seen;
  ScriptedServer server({[&seen](RawSocket& connection) {
    while (seen.find("\r\n\r\n") == seen.npos || body_of(seen).size() < 300'003) seen += connection.read_some();
    connection.send(answer_text("ok"));
  }});
  connect(server.url());
  PiecesOpener slices({"a", std::string(300'000, 'b'), "cc"});
  EXPECT_EQ(call(upload(300'003), &slices).kind, Kind::answer);
  EXPECT_NE(seen.find("Content-Length: 300003\r\n"), seen.npos);
  EXPECT_TRUE(body_of(seen) == "a" + std::string(300'000, 'b') + "cc");
}

TEST_F(HttpsClientTest, ASliceOfTheWrongLengthNeverCompletesTheRequest) {
  for (const auto& pieces : std::vector<std::vector<std::string>>{
           {}, {"1234"}, {"12345", "6"}, {"123", "456"}, {"123456"}, {"12", "fail"}, {"12345", "fail"}}) {
    std::string seen;
    {
      ScriptedServer server({[&seen](RawSocket& connection) { seen = connection.read_to_end(); }});
      connect(server.url());
      PiecesOpener slices(pieces);
      const auto event = call(upload(5), &slices);
      EXPECT_EQ(event.kind, Kind::no_answer);
      EXPECT_NE(event.detail.find("slice"), event.detail.npos) << event.detail;
    }
    EXPECT_LT(body_of(seen).size(), 5u);
  }
}

// What has arrived is looked at in the moment when the client asks whether the slice ends: later, its reset would hide
// it.
TEST_F(HttpsClientTest, TheLastByteWaitsUntilTheSliceHasEnded) {
  std::promise<int> accepted;
  std::promise<void> looked;
  ScriptedServer server({[&](RawSocket& connection) {
    accepted.set_value(connection.fd());
    looked.get_future().wait_for(std::chrono::seconds(30));
  }});
  connect(server.url());
  std::string arrived(65536, '\0');
  PiecesOpener slices({"123", "45", "fail"}, [&] {
    const auto got = ::recv(accepted.get_future().get(), arrived.data(), arrived.size(), MSG_PEEK | MSG_DONTWAIT);
    arrived.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  });
  const auto event = call(upload(5), &slices);
  looked.set_value();
  EXPECT_EQ(event.kind, Kind::no_answer);
  EXPECT_NE(arrived.find("\r\n\r\n"), arrived.npos);
  EXPECT_LT(body_of(arrived).size(), 5u) << "the request was complete before its slice was known to end";
}

TEST_F(HttpsClientTest, AnEarlyRefusalOfAnUploadIsHeard) {
  ScriptedServer server({[](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(answer_text("too much", "413 Content Too Large"));
  }});
  connect(server.url());
  PiecesOpener slices(std::vector<std::string>(64, std::string(1 << 20, 'u')));
  const auto event = call(upload(64 << 20), &slices);
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_EQ(event.status, 413);
  EXPECT_EQ(event.body, "too much");
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
  EXPECT_EQ(call({"DELETE", "/x", {}, {}}).kind, Kind::answer);
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

TEST_F(HttpsClientTest, AStalledUploadAndAStalledDownloadEndByTimeout) {
  ScriptedServer server({[](RawSocket& connection) {
                           connection.read_until("\r\n\r\n");
                           pollfd gone{connection.fd(), POLLRDHUP, 0};
                           ::poll(&gone, 1, kPatienceSeconds * 1000);
                         },
                         [](RawSocket& connection) {
                           connection.read_until("\r\n\r\n");
                           connection.send("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" +
                                           std::string(99'000, 'd'));
                           connection.read_to_end();
                         }});
  auto with = config(server.url());
  with.stall_timeout = with.answer_timeout = core::Duration(50);
  connect(with);
  PiecesOpener slices(std::vector<std::string>(64, std::string(1 << 20, 'u')));
  EXPECT_EQ(call(upload(64 << 20), &slices).kind, Kind::no_answer);
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

TEST_F(HttpsClientTest, WhatCouldBreakOutOfTheHeadIsNeverSent) {
  ScriptedServer server({});
  connect(server.url());
  for (const auto* target : {"x", "/a b", "/a\r\nX: y", "http://other/", "/\x7f", ""})
    EXPECT_EQ(call(get(target)).kind, Kind::not_sent) << target;
  for (const auto& header :
       std::vector<core::HttpHeader>{{"A\r\nB", "c"}, {"A", "b\r\nC: d"}, {"", "x"}, {"A:", "x"}}) {
    auto request = get();
    request.headers.push_back(header);
    EXPECT_EQ(call(request).kind, Kind::not_sent);
  }
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(HttpsClientTest, BaseUrls) {
  for (const auto* good : {"https://a.example", "https://a.example:8443/v1/", "http://127.0.0.1:1", "http://[::1]:80/x",
                           "http://localhost", "https://[2001:db8::1]:443", "http://127.9.9.9"})
    EXPECT_NO_THROW(connect(std::string(good))) << good;
  for (const auto* bad :
       {"", "a.example", "http://a.example", "http://10.0.0.1", "http://localhost.example", "http://[::2]",
        "ftp://localhost", "https://", "https://u@a.example", "https://a.example?x", "https://a.example/#x",
        "https://a.example:0", "https://a.example:99999", "https://a.example:x", "https://a b", "https://a\r\nb",
        "https://[::1", "https://[x]", "http://127.0.0.1@evil/"})
    EXPECT_THROW(connect(std::string(bad)), std::invalid_argument) << bad;
}

}  // namespace
}  // namespace batchd::daemon::test
