// Large values in an answer: left out, or taken apart into lines, while they arrive.
#include <algorithm>
#include <chrono>
#include <sstream>

#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

constexpr int kElements = 200;  // of 64 KiB: more than a small answer may have

std::string chunk(std::string_view bytes) {
  std::ostringstream size;
  size << std::hex << bytes.size();
  return size.str() + "\r\n" + std::string(bytes) + "\r\n";
}

core::HttpCall poll() { return {.method = "GET", .target = "/x", .left_out = "large"}; }
core::HttpCall fetch() {
  return {.method = "GET", .target = "/x", .sink = core::HttpCall::Sink::lines, .lines_in = "large"};
}

// Sends an answer of so many elements, which are shown twice.
ScriptedServer::Script sends_elements(int elements) {
  return [elements](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(std::string(kChunkedHead));
    const std::string element = R"({"t":")" + std::string(65'000, 'x') + "\"}";
    for (const std::string place : {"{\"first\":{\"large\":[", "]},\"second\":{\"large\":["}) {
      connection.send(chunk(place));
      for (int i = 0; i < elements; ++i) connection.send(chunk(i > 0 ? "," + element : element));
    }
    connection.send(chunk("]}}"));
    connection.send(std::string(kLastChunk));
  };
}

TEST_F(HttpsClientTest, ALargeValueIsLeftOut) {
  ScriptedServer server({sends_elements(kElements)});
  connect(server.url());
  const auto event = call(poll());
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_EQ(event.body, R"({"first":{"large":true},"second":{"large":true}})");
}

TEST_F(HttpsClientTest, WithoutANameNothingIsLeftOut) {
  ScriptedServer server({answers(answer_text(R"({"large":[1]})")), sends_elements(kElements)});
  connect(server.url());
  EXPECT_EQ(call(get()).body, R"({"large":[1]})");
  const auto event = call(get());
  EXPECT_EQ(event.kind, Kind::no_answer);
  EXPECT_EQ(event.detail, "the answer is too large");
}

TEST_F(HttpsClientTest, ElementsComeAsLines) {
  class Counter final : public ByteSink {
   public:
    Task<core::Result<void>> write(std::string_view bytes) override {
      lines += std::ranges::count(bytes, '\n');
      all += std::ssize(bytes);
      longest = std::max(longest, std::ssize(bytes));
      co_return core::Result<void>();
    }
    std::int64_t lines = 0, all = 0, longest = 0;
  };
  ScriptedServer server({sends_elements(kElements)});
  connect(server.url());
  Counter sink;
  const auto event = call(fetch(), nullptr, &sink);
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_EQ(sink.lines, kElements);
  EXPECT_EQ(event.streamed_bytes, sink.all);
  EXPECT_EQ(event.body, "");
  EXPECT_LT(sink.longest, 1 << 20);  // whatever the size of the answer
}

TEST_F(HttpsClientTest, ElementsOfSmallAnswersAndOfNone) {
  ScriptedServer server({answers(answer_text("{\n \"large\": {\n  \"large\": [ {\"a\" : 1},\n {} ]}}")),
                         answers(answer_text(R"({"other":[1]})")),
                         answers(answer_text(R"({"error":{"large":[1]}})", "404 Not Found"))});
  connect(server.url());
  MemorySink sink;
  EXPECT_EQ(call(fetch(), nullptr, &sink).streamed_bytes, 11);
  EXPECT_EQ(sink.text, "{\"a\":1}\n{}\n");
  EXPECT_EQ(call(fetch(), nullptr, &sink).streamed_bytes, 0);
  const auto refused = call(fetch(), nullptr, &sink);
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.body, R"({"error":{"large":[1]}})");
  EXPECT_EQ(sink.text, "{\"a\":1}\n{}\n");
}

// What isn't kept may take longer than a small answer: only its stalls count.
TEST_F(HttpsClientTest, ALargeValueMayTakeItsTime) {
  ScriptedServer server({[](RawSocket& connection) {
    connection.read_until("\r\n\r\n");
    connection.send(std::string(kChunkedHead) + chunk("{\"large\":["));
    for (int i = 0; i < 12; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      connection.send(chunk("1,"));
    }
    connection.send(chunk("1]}") + std::string(kLastChunk));
  }});
  auto settings = config(server.url());
  settings.answer_timeout = core::Duration(600);
  connect(settings);
  const auto event = call(poll());
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_EQ(event.body, R"({"large":true})");
}

}  // namespace
}  // namespace batchd::daemon::test
