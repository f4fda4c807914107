// The daemon's memory doesn't grow with the size of a bulk submission. A body of BATCHD_BULK_MIB (64 if unset) is cut
// off three times and sent again: every line is accepted once, and the process stays as small as it was.

#include "tests/e2e/calls.h"
#include "tests/harness/memory.h"
#include "tests/harness/size.h"

namespace batchd::e2e {
namespace {

constexpr std::int64_t kLineBytes = 8 << 10;
constexpr std::int64_t kBulkGrowthKiBMax = 48 << 10;

class BulkMemory : public CallsTest {
 protected:
  // All lines have this many bytes, and none is like another.
  static std::string line(std::int64_t number) {
    const auto text = std::to_string(number) + ' ';
    auto line = bulk_line(text, text);
    line.insert(line.find(text + "\"}]") + text.size(),
                std::string(static_cast<std::size_t>(kLineBytes) - line.size() - 1, 'x'));
    return line + '\n';
  }

  // Sends the first `count` lines of a body of `all`; false: the connection broke.
  static bool send(LocalHttp& http, std::int64_t count, std::int64_t all) {
    const auto head = "POST " + target("memory") + " HTTP/1.1\r\nHost: batchd\r\nContent-Type: application/jsonl\r\n" +
                      "Content-Length: " + std::to_string(all * kLineBytes) + "\r\n\r\n";
    if (!http.send_bytes(head)) return false;
    std::string piece;
    for (std::int64_t number = 1; number <= count; ++number) {
      piece += line(number);
      if (number % 32 != 0 && number != count) continue;
      if (!http.send_bytes(piece)) return false;
      piece.clear();
    }
    return true;
  }
};

TEST_F(BulkMemory, StaysWhatItWas) {
  const auto lines = std::int64_t{harness::size_of("BATCHD_BULK_MIB", 64, 1024)} * (1 << 20) / kLineBytes;
  start({}, {.config = {{"packing.max_age", "\"24h\""},
                        {"packing.max_bytes", "\"1800MiB\""},
                        {"packing.max_tokens", "100000000000"},
                        {"packing.max_items", "200000"}}});
  post("the first of all");
  const auto pid = daemon_->process().pid();
  const auto before = memory_kib(pid, "VmRSS:");
  ASSERT_GT(before, 0);

  for (const std::int64_t part : {lines / 5, lines / 2, lines * 4 / 5}) {
    LocalHttp http(daemon_->socket());
    EXPECT_TRUE(send(http, part, lines));
  }
  LocalHttp http(daemon_->socket());
  ASSERT_TRUE(send(http, lines, lines));
  const auto reply = http.receive(std::chrono::minutes(5));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 202) << reply->body;
  const Json said(reply->body);
  EXPECT_EQ(said.number("/lines"), lines);
  EXPECT_EQ(said.number("/refused"), 0);
  EXPECT_GT(said.number("/known"), 0);
  EXPECT_EQ(said.number("/known") + said.number("/accepted"), lines);
  EXPECT_EQ(accepted(), lines + 1);

  const auto peak = memory_kib(pid, "VmHWM:");
  std::printf("%lld lines, %lld MiB: VmRSS before %lld KiB, VmHWM %lld KiB\n", static_cast<long long>(lines),
              static_cast<long long>(lines * kLineBytes >> 20), static_cast<long long>(before),
              static_cast<long long>(peak));
  if (kMemoryIsItsOwn) {
    EXPECT_LT(peak - before, kBulkGrowthKiBMax);
  }
}

}  // namespace
}  // namespace batchd::e2e
