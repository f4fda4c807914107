// What a call's head is, and what never becomes one.
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

// What is beside the prefix on that host isn't the provider: no path leads there.
TEST_F(HttpsClientTest, APathThatTheProviderGaveHasThePrefixOnce) {
  std::vector<std::string> seen;
  const auto script = [&seen](RawSocket& connection) {
    for (int i = 0; i < 4; ++i) {
      seen.push_back(connection.read_until("\r\n\r\n"));
      connection.send(answer_text("ok"));
    }
  };
  ScriptedServer server({script});
  connect(server.url() + "/base");
  EXPECT_EQ(call(get("/upload/x?y=z")).kind, Kind::answer);
  for (const std::string path : {"/upload/x?y=z", "/base/upload/x?y=z", "/baseless/x"}) {
    auto given = get(path);
    given.given_path = true;
    EXPECT_EQ(call(given).kind, Kind::answer);
  }
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_TRUE(seen[0].starts_with("GET /base/upload/x?y=z HTTP/1.1\r\n")) << seen[0];
  EXPECT_TRUE(seen[1].starts_with("GET /base/upload/x?y=z HTTP/1.1\r\n")) << seen[1];
  EXPECT_TRUE(seen[2].starts_with("GET /base/upload/x?y=z HTTP/1.1\r\n")) << seen[2];
  EXPECT_TRUE(seen[3].starts_with("GET /base/baseless/x HTTP/1.1\r\n")) << seen[3];
}

TEST_F(HttpsClientTest, EveryCallHasTheHeadersOfTheConfigurationBeforeItsOwn) {
  std::vector<std::string> seen;
  const auto twice = [&seen](RawSocket& connection) {
    for (int i = 0; i < 2; ++i) {
      seen.push_back(connection.read_until("\r\n\r\n"));
      connection.send(answer_text("ok"));
    }
  };
  const auto once = [&seen](RawSocket& connection) {
    seen.push_back(connection.read_until("\r\n\r\n12345"));
    connection.send(answer_text("ok"));
  };
  ScriptedServer server({twice, once});
  auto with = config(server.url());
  with.headers = {{"X-Version", "1"}, {"X-Beta", "files"}};
  auto link = make_https_client(context_.get_executor(), with);
  EXPECT_TRUE(link->set_credential("another"));
  client_ = std::move(link);
  auto plain = get();
  plain.headers = {{"X-Own", "2"}};
  EXPECT_EQ(call(plain).kind, Kind::answer);
  EXPECT_EQ(call(plain).kind, Kind::answer);
  PiecesOpener slices({"12345"});
  auto posted = upload(5);
  posted.headers = {{"X-Own", "2"}};
  EXPECT_EQ(call(posted, &slices).kind, Kind::answer);
  ASSERT_EQ(seen.size(), 3u);
  for (const auto& request : seen)
    EXPECT_NE(request.find("\r\nX-Version: 1\r\nX-Beta: files\r\nX-Own: 2\r\n"), request.npos) << request;
}

TEST_F(HttpsClientTest, HeadersThatCannotBeSentAreAStartupError) {
  for (const auto& header :
       std::vector<core::HttpHeader>{{"A\r\nB", "c"}, {"A", "b\r\nC: d"}, {"", "x"}, {"A:", "x"}}) {
    auto with = config("https://a.example");
    with.headers = {header};
    EXPECT_THROW(connect(with), std::invalid_argument) << header.name;
  }
}

TEST_F(HttpsClientTest, WhatCouldBreakOutOfTheHeadIsNeverSent) {
  ScriptedServer server({});
  connect(server.url());
  for (const auto* target : {"x", "/a b", "/a\r\nX: y", "http://other/", "/\x7f", ""})
    for (const bool given_path : {false, true}) {
      auto request = get(target);
      request.given_path = given_path;
      EXPECT_EQ(call(request).kind, Kind::not_sent) << target;
    }
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
