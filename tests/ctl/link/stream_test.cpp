// Bodies streamed in both directions, and TCP.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "ctl/link/client.h"
#include "ctl/link/lines.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

class Pieces : public BodySource {
 public:
  Pieces(std::vector<std::string> pieces, std::optional<std::uint64_t> size)
      : pieces_(std::move(pieces)), size_(size) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  bool rewind() override {
    next_ = 0;
    return true;
  }
  std::optional<std::size_t> read(char* buffer, std::size_t) override {
    if (next_ == pieces_.size()) return 0;
    const auto& piece = pieces_[next_++];
    piece.copy(buffer, piece.size());
    return piece.size();
  }

 private:
  std::vector<std::string> pieces_;
  std::optional<std::uint64_t> size_;
  std::size_t next_ = 0;
};

class Collected : public BodySink {
 public:
  void begin(std::optional<std::uint64_t> size) override {
    ++begun;
    total = size;
  }
  bool take(std::string_view fragment) override {
    text += fragment;
    return text.size() < enough;
  }
  int begun = 0;
  std::optional<std::uint64_t> total;
  std::string text;
  std::size_t enough = SIZE_MAX;
};

TEST(Streams, ABodyGoesUpWithItsLengthOrInChunks) {
  FakeServer server([](const auto&) { return http_answer(202, "ok"); });
  Client client({.socket = server.path()});
  Pieces sized({"abc", "defg"}, 7), endless({"abc", "0123456789abcdefg"}, std::nullopt);
  for (BodySource* source : {static_cast<BodySource*>(&sized), static_cast<BodySource*>(&endless)}) {
    const auto reply =
        client.call({.method = "POST", .target = "/", .content_type = "application/jsonl", .source = source});
    ASSERT_TRUE(std::holds_alternative<Answer>(reply)) << std::get<Trouble>(reply).detail;
  }
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(header(requests[0], "Content-Length"), "Content-Length: 7");
  EXPECT_EQ(header(requests[0], "Content-Type"), "Content-Type: application/jsonl");
  EXPECT_EQ(body(requests[0]), "abcdefg");
  EXPECT_EQ(header(requests[1], "Content-Length"), "");
  EXPECT_EQ(body(requests[1]), "3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n");
}

TEST(Streams, ARefusalStopsAnUploadThatNobodyReads) {
  FakeServer server([](const auto&) { return http_answer(429, "full"); }, {.at_head = true});
  Client client({.socket = server.path()});
  Pieces large(std::vector<std::string>(1000, std::string(60 << 10, 'x')), (60 << 10) * 1000);
  const auto reply = client.call(
      {.method = "POST", .target = "/", .repeatable = false, .timeout = std::chrono::seconds(5), .source = &large});
  ASSERT_TRUE(std::holds_alternative<Answer>(reply)) << std::get<Trouble>(reply).detail;
  EXPECT_EQ(std::get<Answer>(reply).status, 429);
  EXPECT_EQ(std::get<Answer>(reply).body, "full");
}

TEST(Streams, AFileThatGotShorterIsNeverSentAsWhole) {
  FakeServer server([](const auto&) { return http_answer(202, "ok"); });
  const auto path = server.folder() + "/f";
  write_file(path, "0123456789");
  FileSource file;
  ASSERT_TRUE(file.open(path));
  std::filesystem::resize_file(path, 4);
  Client client({.socket = server.path()});
  const auto reply = client.call({.method = "POST", .target = "/", .repeatable = false, .source = &file});
  EXPECT_TRUE(std::holds_alternative<Trouble>(reply));
  EXPECT_TRUE(file.failed());
  EXPECT_TRUE(server.requests().empty());
}

TEST(Streams, AnAnswerGoesToTheSinkAndARefusalDoesNot) {
  const std::string large(3 << 20, 'y');
  const struct {
    std::string bytes, taken, kept;
    std::optional<std::uint64_t> total;
  } cases[] = {
      {http_answer(200, large), large, "", large.size()},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", "", {}},
      {"HTTP/1.1 102 P\r\n\r\n" + http_answer(200, ""), "", "", 0},
      {http_answer(410, "gone"), "", "gone", {}},
  };
  for (const auto& c : cases) {
    FakeServer server([&](const auto&) { return c.bytes; });
    Client client({.socket = server.path()});
    Collected sink;
    const auto reply = client.call({.method = "GET", .target = "/", .sink = &sink});
    ASSERT_TRUE(std::holds_alternative<Answer>(reply)) << std::get<Trouble>(reply).detail;
    EXPECT_TRUE(sink.text == c.taken) << sink.text.size();
    EXPECT_EQ(std::get<Answer>(reply).body, c.kept);
    EXPECT_EQ(sink.total, c.total);
    EXPECT_EQ(sink.begun, c.kept.empty() ? 1 : 0);
  }
}

TEST(Streams, AnAnswerThatIsCutIsTroubleAfterWhatCame) {
  FakeServer server(
      [](const auto&) { return "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" + std::string(1, kHangUp); });
  Client client({.socket = server.path()});
  Collected sink;
  const auto reply = client.call({.method = "GET", .target = "/", .sink = &sink});
  ASSERT_TRUE(std::holds_alternative<Trouble>(reply));
  EXPECT_EQ(std::get<Trouble>(reply).kind, Trouble::Kind::broken);
  EXPECT_EQ(sink.text, "half");
  EXPECT_EQ(server.requests().size(), 1u) << "never sent again by itself once something came";
}

TEST(Streams, ASinkThatHasEnoughEndsTheCall) {
  FakeServer server(
      [](const auto&) { return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"); });
  Client client({.socket = server.path()});
  Collected sink;
  sink.enough = 3;
  EXPECT_TRUE(std::holds_alternative<Answer>(client.call({.method = "GET", .target = "/", .sink = &sink})));
}

TEST(Streams, LinesAndEventsComeWholeWhateverTheFragments) {
  std::vector<std::string> lines;
  LineSink line_sink([&](const std::string& line) {
    lines.push_back(line);
    return line != "last";
  });
  bool more = true;
  for (const char* fragment : {"on", "e\ntw", "o\r\n\nlast\nunseen\n"}) more = line_sink.take(fragment);
  EXPECT_FALSE(more);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "last"}));

  std::vector<std::string> events;
  EventSink event_sink([&](const Event& event) {
    events.push_back(event.id + '|' + event.data);
    return true;
  });
  event_sink.begin(std::nullopt);
  const std::string stream =
      "retry: 1000\n\n: \n\nid: a-1\ndata: {\"x\":1}\n\n: still there\nid: a-2\ndata:p\ndata: q\n\nid: a-3\ndata: cut";
  for (const char c : stream) EXPECT_TRUE(event_sink.take({&c, 1}));
  EXPECT_EQ(events, (std::vector<std::string>{"a-1|{\"x\":1}", "a-2|p\nq"}));
}

TEST(Tcp, CarriesTheTokenAndTheHost) {
  FakeServer server([](const auto&) { return http_answer(200, R"({"requests":{"queued":1}})"); }, {.tcp = true});
  const auto file = server.folder() + "/token";
  write_file(file, "secret-1 \r\nsecond line\n");
  EXPECT_EQ(run_shell("--url " + server.url() + " --token-file " + file + " status").code, 0);
  EXPECT_EQ(run_shell("status", "BATCHD_TOKEN=secret-2 BATCHD_URL=" + server.url() + "/").code, 0);
  EXPECT_EQ(run_shell("--url " + server.url() + " status").code, 0);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(header(requests[0], "Authorization"), "Authorization: Bearer secret-1");
  EXPECT_EQ(header(requests[1], "Authorization"), "Authorization: Bearer secret-2");
  EXPECT_EQ(header(requests[2], "Authorization"), "");
  EXPECT_EQ("Host: " + server.url().substr(7), header(requests[0], "Host"));
}

TEST(Tcp, BadTokensAreToldWithoutShowingThem) {
  FakeServer server([](const auto&) { return http_answer(401, R"({"status":401,"detail":"no such token"})"); },
                    {.tcp = true});
  const auto file = server.folder() + "/token";
  const auto options = "--url " + server.url() + " --token-file " + file;
  EXPECT_EQ(run_shell(options + " status").code, 65) << "no such file";
  write_file(file, "bad secret\n");
  EXPECT_EQ(run_shell(options + " status").code, 65);
  write_file(file, "wrong-secret\n");
  const auto ran = run_shell(options + " status");
  EXPECT_EQ(ran.code, 77);
  EXPECT_TRUE(contains(ran.err, "--token-file"));
  EXPECT_FALSE(contains(ran.err + ran.out, "wrong-secret"));
  const auto doctor = run_shell(options + " doctor");
  EXPECT_EQ(doctor.code, 77);
  EXPECT_TRUE(contains(doctor.out, "token is missing or unknown"));
}

TEST(Tcp, UrlsAreReadOrRefused) {
  const struct {
    const char* url;
    std::string host, port, header;
  } good[] = {{"http://localhost:8090", "localhost", "8090", "localhost:8090"},
              {"http://10.0.0.1/", "10.0.0.1", "80", "10.0.0.1:80"},
              {"http://[::1]:8090", "::1", "8090", "[::1]:8090"}};
  for (const auto& c : good) {
    const auto address = parse_url(c.url);
    ASSERT_TRUE(address) << c.url;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->host_header(), c.header);
  }
  for (const char* url : {"", "localhost:8090", "https://x", "http://", "http://:80", "http://x:", "http://x:8a",
                          "http://x/path", "http://u@x", "http://[::1", "http://x:123456", "http://a\r\nb"})
    EXPECT_FALSE(parse_url(url)) << url;
}

}  // namespace
}  // namespace batchd::ctl
