// Wire faults, read as bytes: an HTTP library would hide half of them.
#include <gtest/gtest.h>

#include <functional>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

// Where the head of an answer ends.
std::size_t head_end(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  return end == std::string::npos ? text.size() : end + 4;
}
std::string head(const Bytes& bytes) { return bytes.text.substr(0, head_end(bytes.text)); }
std::string body(const Bytes& bytes) { return bytes.text.substr(head_end(bytes.text)); }
bool bytes_have(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// `whole`: the true body.
struct WireCase {
  const char* name;
  const char* rule;  // what follows "on"
  std::function<bool(const Bytes&, const std::string& whole)> seen;
};

const WireCase kWireCases[] = {
    {"cut_half", R"("do":"cut")",
     [](const Bytes& b, const std::string& w) {
       return body(b) == w.substr(0, w.size() / 2) &&
              bytes_have(head(b), "Content-Length: " + std::to_string(w.size()) + "\r");
     }},
    {"cut_bytes", R"("do":"cut","bytes":5)",
     [](const Bytes& b, const std::string& w) { return body(b) == w.substr(0, 5); }},
    {"cut_head", R"("do":"cut","head_bytes":7)",
     [](const Bytes& b, const std::string&) { return b.text == "HTTP/1."; }},
    {"cut_lines", R"("do":"cut","lines":1)",
     [](const Bytes& b, const std::string& w) { return body(b) == w.substr(0, w.find('\n') + 1); }},
    {"cut_mid_line", R"("do":"cut","lines":1,"mid_line":true)",
     [](const Bytes& b, const std::string& w) {
       const auto first = w.find('\n') + 1;
       const auto second = w.find('\n', first);
       return body(b).starts_with(w.substr(0, first)) && body(b).size() > first && body(b).size() < second;
     }},
    {"cut_no_line", R"("do":"cut","lines":0)", [](const Bytes& b, const std::string&) { return body(b).empty(); }},
    {"truncate", R"("do":"truncate")",
     [](const Bytes& b, const std::string& w) { return body(b) == w.substr(0, w.size() / 2); }},
    {"shorten", R"("do":"shorten","lines":2)",
     [](const Bytes& b, const std::string& w) {
       return times(body(b), "\n") == 2 && w.starts_with(body(b)) &&
              bytes_have(head(b), "Content-Length: " + std::to_string(body(b).size()) + "\r");
     }},
    {"stall", R"("do":"stall","bytes":3,"seconds":0.05)",
     [](const Bytes& b, const std::string& w) { return body(b) == w.substr(0, 3); }},
    {"trickle", R"("do":"trickle","bytes":64,"ms":1)",
     [](const Bytes& b, const std::string& w) { return body(b) == w; }},
    {"length_too_long", R"("do":"wrong_length","by":10)",
     [](const Bytes& b, const std::string& w) {
       return body(b) == w && bytes_have(head(b), "Content-Length: " + std::to_string(w.size() + 10) + "\r");
     }},
    {"length_too_short", R"("do":"wrong_length","by":-10)",
     [](const Bytes& b, const std::string& w) {
       return body(b) == w && bytes_have(head(b), "Content-Length: " + std::to_string(w.size() - 10) + "\r");
     }},
    {"duplicate_length", R"("do":"duplicate_length")",
     [](const Bytes& b, const std::string& w) {
       return bytes_have(head(b), "Content-Length: " + std::to_string(w.size()) + "\r") &&
              bytes_have(head(b), "Content-Length: " + std::to_string(w.size() + 10) + "\r");
     }},
    {"length_and_chunks", R"("do":"length_and_chunks")",
     [](const Bytes& b, const std::string& w) {
       return bytes_have(head(b), "Content-Length: ") && bytes_have(head(b), "Transfer-Encoding: chunked") &&
              bytes_have(body(b), w) && body(b).ends_with("\r\n0\r\n\r\n");
     }},
    {"chunked", R"("do":"chunked")",
     [](const Bytes& b, const std::string& w) {
       return !bytes_have(head(b), "Content-Length") && bytes_have(body(b), "\r\n" + w + "\r\n0\r\n\r\n");
     }},
    {"bad_chunk", R"("do":"bad_chunk")",
     [](const Bytes& b, const std::string&) {
       return bytes_have(head(b), "chunked") && body(b).starts_with("zz\r\n");
     }},
    {"endless", R"("do":"endless","bytes":300000)",
     [](const Bytes& b, const std::string& w) {
       return body(b).size() >= 300000 && body(b).starts_with(w + w) && !bytes_have(head(b), "Content-Length");
     }},
    {"gzip_bomb", R"("do":"gzip_bomb","bytes":5000)",
     [](const Bytes& b, const std::string&) {
       return bytes_have(head(b), "Content-Encoding: gzip") && body(b).starts_with("\x1F\x8B\x08") &&
              body(b).size() >= 5000;
     }},
    {"info_flood", R"("do":"info_flood","count":300)",
     [](const Bytes& b, const std::string& w) { return times(b.text, "HTTP/1.1 102 ") == 300 && b.text.ends_with(w); }},
    {"big_header", R"("do":"big_headers")",
     [](const Bytes& b, const std::string& w) {
       return head(b).size() > 65536 && times(head(b), "X-Filler") == 1 && body(b) == w;
     }},
    {"many_headers", R"("do":"big_headers","bytes":70000,"count":700)",
     [](const Bytes& b, const std::string&) { return head(b).size() > 70000 && times(head(b), "X-Filler") == 700; }},
    {"bad_header", R"("do":"bad_header")",
     [](const Bytes& b, const std::string&) { return bytes_have(head(b), "\r\nthis is no header field\r\n"); }},
    {"bad_status_line", R"("do":"bad_status_line")",
     [](const Bytes& b, const std::string&) { return b.text.starts_with("HTTP/1.1 OK 200\r\n"); }},
    {"not_http", R"("do":"not_http")",
     [](const Bytes& b, const std::string&) { return b.text.starts_with("SSH-2.0-"); }},
    {"not_http_own", R"("do":"not_http","text":"\u0001x")",
     [](const Bytes& b, const std::string&) { return b.text == "\x01x"; }},
    {"http09", R"("do":"http09")", [](const Bytes& b, const std::string& w) { return b.text == w; }},
    {"extra_answer", R"("do":"extra_answer")",
     [](const Bytes& b, const std::string& w) {
       return times(b.text, "HTTP/1.1 200 ") == 2 && bytes_have(b.text, w + "HTTP/1.1");
     }},
    {"close_after_answer", R"("do":"close_after_answer")",
     [](const Bytes& b, const std::string& w) { return body(b) == w && !bytes_have(head(b), "close"); }},
};

class WireFaults : public testing::TestWithParam<WireCase> {};

TEST_P(WireFaults, OnADownload) {
  Provider provider(std::string(R"({"rules":[{"on":"download","nth":2,)") + GetParam().rule + "}]}");
  const auto job = provider.create_job(provider.upload(line("a", "1") + line("b", "2") + line("c", "3")));
  provider.end_of(job);
  const auto whole = provider.download(job).body;
  const auto bytes = provider.raw_call("GET", "/v1beta/files/batch-" + job.substr(8) + ":download?alt=media");
  EXPECT_FALSE(bytes.timed_out);
  EXPECT_TRUE(GetParam().seen(bytes, whole)) << bytes.text.substr(0, 2000);
  EXPECT_EQ(provider.download(job).body, whole);
}

INSTANTIATE_TEST_SUITE_P(All, WireFaults, testing::ValuesIn(kWireCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(WireFaults, TrickleIsSlow) {
  Provider provider(R"({"rules":[{"on":"models","do":"trickle","bytes":100,"ms":20}]})");
  const auto begin = std::chrono::steady_clock::now();
  const auto bytes = provider.raw_call("GET", "/v1beta/models");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20) * (bytes.text.size() / 100));
}

TEST(ConnectionFaults, RefusedAndMute) {
  Provider provider(R"({"rules":[{"on":"connection","nth":1,"do":"refuse"},)"
                    R"({"on":"connection","nth":2,"do":"mute","seconds":0.1}]})");
  EXPECT_TRUE(provider.raw("").reset);
  const auto mute = provider.raw_call("GET", "/v1beta/models");
  EXPECT_TRUE(mute.reset);
  EXPECT_EQ(mute.text, "");
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 200);
  ASSERT_EQ(provider.ledger("fault").size(), 2U);
  EXPECT_EQ(at(provider.ledger("fault")[0], "on"), "connection");
  EXPECT_EQ(at(provider.ledger("fault")[1], "do"), "mute");
}

}  // namespace
}  // namespace batchd::emulator
