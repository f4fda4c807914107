// Results by channel: in order, for their owner only, resumed at the reader's cursor, until they are acknowledged.
#include "proto/json/base64.h"
#include "tests/e2e/calls.h"

namespace batchd::e2e {
namespace {

// Lines that are no JSON, or not for every reader; one after the other, and the last as it should be.
constexpr const char* kOddResponses = R"({"rules":[{"on":"line","do":"nul","nth":1},
  {"on":"line","do":"invalid_utf8","nth":2},{"on":"line","do":"lone_surrogate","nth":3},{"on":"line","do":"deep",
  "count":300,"nth":4},{"on":"line","do":"huge_number","nth":5},{"on":"line","do":"raw_u2028","nth":6}]})";
constexpr std::size_t kOddOnes = 4, kOddRequests = 7;

class Results : public CallsTest {
 protected:
  // Whether Python reads each of these texts as strict JSON in UTF-8. Where there is no Python, nobody asks it.
  void expect_python_reads(const std::vector<std::string>& texts) {
    std::string files;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto file = folder_.file("text." + std::to_string(i));
      write_file(file, texts[i]);
      files += ' ' + file;
    }
    auto python = Process::start(
        {.binary = "/bin/sh",
         .arguments = {"-c",
                       "command -v python3 >/dev/null || exit 0; exec python3 -c '"
                       "import json,sys\n"
                       "for name in sys.argv[1:]: json.dumps(json.loads(open(name,\"rb\").read().decode()),"
                       "ensure_ascii=False).encode()'" +
                           files},
         .output = folder_.file("python.log")});
    EXPECT_EQ(python.wait(), 0) << read_file(folder_.file("python.log"));
  }
  static std::string in_channel(const std::string& prompt, const std::string& channel) {
    auto body = submission(prompt);
    body.insert(1, "\"channel\":" + json_text(channel) + ',');
    return body;
  }
  std::string post_to(const std::string& channel, const std::string& prompt) {
    const auto reply = call("POST", "/v1/requests", channel.empty() ? submission(prompt) : in_channel(prompt, channel));
    EXPECT_EQ(reply.status, 202) << reply.body;
    return Json(reply.body).text("/id");
  }
  Json acknowledge(const std::string& body) {
    const auto reply = call("POST", "/v1/results/ack", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Json(reply.body);
  }
  static std::string up_to(const std::string& channel, const std::string& cursor) {
    return R"({"channel":")" + channel + R"(","up_to":")" + cursor + "\"}";
  }
};

TEST_F(Results, ChannelsOfOneUserAreApart) {
  start();
  const auto a = post_to("a", "for a");
  const auto b = post_to("b", "for b");
  const auto none = post_to("", "for nobody in particular");
  const auto in_a = all_results("a", 1);
  const auto in_b = all_results("b", 1);
  const auto in_none = all_results("", 1);
  EXPECT_EQ(in_a[0].text("/id"), a);
  EXPECT_EQ(answer_text(in_a[0]), "echo: for a");
  EXPECT_EQ(in_b[0].text("/id"), b);
  EXPECT_EQ(in_none[0].text("/id"), none);

  EXPECT_EQ(acknowledge(up_to("a", in_a[0].text("/cursor"))).number("/acknowledged"), 1);
  EXPECT_EQ(acknowledge(up_to("a", in_none[0].text("/cursor"))).number("/acknowledged"), 0);
  EXPECT_TRUE(results("?channel=a").empty());
  EXPECT_EQ(results("?channel=b").size(), 1U);
  EXPECT_EQ(results("").size(), 1U);
  EXPECT_EQ(Json(call("GET", "/v1/requests/" + a).body).has("/acknowledged_at"), true);
}

TEST_F(Results, UsersAreApart) {
  start();
  if (!is_root()) GTEST_SKIP() << "needs root";
  const auto mine = post_to("shared", "mine");
  const auto posted = call_as(1001, "POST", "/v1/requests", in_channel("theirs", "shared"));
  const auto theirs = Json(posted.body).text("/id");
  const auto my_results = all_results("shared", 1);
  EXPECT_EQ(my_results[0].text("/id"), mine);
  const auto seen = json_lines(call_as(1001, "GET", "/v1/results?channel=shared&wait=60").body);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].text("/id"), theirs);

  // Neither can acknowledge, cancel or retry what is the other's.
  const auto cursor = std::max(my_results[0].text("/cursor"), seen[0].text("/cursor"));
  EXPECT_EQ(Json(call_as(1001, "POST", "/v1/results/ack", up_to("shared", cursor)).body).number("/acknowledged"), 1);
  const auto by_id = call_as(1001, "POST", "/v1/results/ack", R"({"ids":[")" + mine + "\"]}");
  EXPECT_EQ(Json(by_id.body).number("/acknowledged"), 0);
  EXPECT_EQ(Json(by_id.body).text("/unknown/0"), mine);
  EXPECT_EQ(call_as(1001, "DELETE", "/v1/requests/" + mine).status, 404);
  EXPECT_EQ(call_as(1001, "POST", "/v1/requests/" + mine + "/retry").status, 404);
  EXPECT_EQ(results("?channel=shared").size(), 1U);
  EXPECT_TRUE(Json(call_as(1001, "GET", "/v1/requests").body).items("/requests").size() == 1);
}

TEST_F(Results, AReaderGoesOnWhereItStood) {
  start();
  std::string body;
  for (int i = 0; i < 120; ++i) body += bulk_line("number " + std::to_string(i), std::to_string(i)) + '\n';
  bulk("many", body);
  const auto all = all_results("many", 120);
  std::vector<Json> read;
  std::string after;
  for (bool more = true; more;) {
    const auto page = results("?channel=many&limit=50" + (after.empty() ? "" : "&after=" + after));
    EXPECT_LE(page.size(), 50U);
    read.insert(read.end(), page.begin(), page.end());
    more = !page.empty();
    if (more) after = page.back().text("/cursor");
  }
  ASSERT_EQ(read.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(read[i].text("/id"), all[i].text("/id"));
  EXPECT_EQ(acknowledge(up_to("many", all[59].text("/cursor"))).number("/acknowledged"), 60);
  EXPECT_EQ(acknowledge(up_to("many", all[59].text("/cursor"))).number("/acknowledged"), 0);
  EXPECT_EQ(results("?channel=many&limit=1000").size(), 60U);
  daemon_->restart();
  EXPECT_EQ(results("?channel=many&limit=1000&after=" + all[99].text("/cursor")).size(), 20U);
}

TEST_F(Results, AcknowledgedByIds) {
  start();
  const auto a = post_to("c", "one");
  const auto b = post_to("d", "two");
  finished(a);
  finished(b);
  const std::string nobody = "0000000000001";
  const auto said = acknowledge(R"({"ids":[")" + a + R"(",")" + nobody + R"(",")" + b + "\"]}");
  EXPECT_EQ(said.number("/acknowledged"), 2);
  ASSERT_EQ(said.items("/unknown").size(), 1U);
  EXPECT_EQ(said.text("/unknown/0"), nobody);
  EXPECT_TRUE(results("?channel=c").empty());
  EXPECT_EQ(acknowledge(R"({"ids":[")" + a + "\"]}").number("/acknowledged"), 0);
}

TEST_F(Results, AWaitHoldsTheCallUntilTheFirst) {
  start();
  EXPECT_TRUE(results("?channel=w").empty());
  LocalHttp waiting(daemon_->socket());
  ASSERT_TRUE(waiting.send("GET", "/v1/results?channel=w&wait=600", "", {}));
  const auto elsewhere = post_to("other", "not this one");
  finished(elsewhere);
  const auto id = post_to("w", "this one");
  const auto reply = waiting.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  const auto lines = json_lines(reply->body);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text("/id"), id);
  EXPECT_TRUE(results("?channel=nothing&wait=1").empty());
}

TEST_F(Results, EventsComeAsTheyHappenAndResume) {
  start();
  const Headers events{{"Accept", "text/event-stream"}};
  const auto first = post_to("s", "first \xE2\x80\xA8 of\nall");
  LocalHttp stream(daemon_->socket());
  ASSERT_TRUE(stream.send("GET", "/v1/results?channel=s", "", events));
  const auto head = stream.receive_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  EXPECT_EQ(stream.read_until("\n\n"), "retry: 1000\n\n");
  const auto event = stream.read_until("\n\n").value_or("");
  ASSERT_TRUE(event.starts_with("id: ")) << event;
  const auto cursor = event.substr(4, event.find('\n') - 4);
  const auto data = event.substr(event.find("data: ") + 6);
  EXPECT_EQ(Json(data).text("/id"), first);
  EXPECT_EQ(answer_text(Json(data)), "echo: first \xE2\x80\xA8 of\nall");

  const auto second = post_to("s", "second");
  EXPECT_NE(stream.read_until("\n\n").value_or("").find(second), std::string::npos);
  stream.close();

  // Nothing is acknowledged by reading; the header wins over the parameter.
  LocalHttp resumed(daemon_->socket());
  const Headers from{{"Accept", "text/event-stream"}, {"Last-Event-ID", cursor}};
  const auto start_over = cursor.substr(0, cursor.find('-')) + "-0";
  ASSERT_TRUE(resumed.send("GET", "/v1/results?channel=s&after=" + start_over, "", from));
  ASSERT_TRUE(resumed.receive_head());
  resumed.read_until("\n\n");
  EXPECT_NE(resumed.read_until("\n\n").value_or("").find(second), std::string::npos);

  // A failed one is an event, too.
  const auto failed =
      call("POST", "/v1/requests", R"({"model":"nosuchmodel","channel":"s","request":{"contents":[]}})");
  EXPECT_NE(resumed.read_until("\n\n").value_or("").find(Json(failed.body).text("/id")), std::string::npos);
}

TEST_F(Results, AStopEndsEveryStreamCleanly) {
  start();
  LocalHttp stream(daemon_->socket());
  ASSERT_TRUE(stream.send("GET", "/v1/results", "", {{"Accept", "text/event-stream"}}));
  ASSERT_TRUE(stream.receive_head());
  stream.read_until("\n\n");
  LocalHttp waiting(daemon_->socket());
  ASSERT_TRUE(waiting.send("GET", "/v1/results?wait=600", "", {}));
  breathe(Milliseconds(200));  // usually it is waiting by now; a connection that has said nothing is just closed
  daemon_->process().kill(SIGTERM);
  EXPECT_EQ(stream.read_until("nothing more"), "");
  const auto told = waiting.receive();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->status, 503);
  EXPECT_EQ(daemon_->process().wait(), 0);
}

TEST_F(Results, CursorsOfOtherTimesAndPlacesAreGone) {
  start();
  const auto id = post_to("", "x");
  finished(id);
  const auto mine = results("").at(0).text("/cursor");
  const auto installation = mine.substr(0, mine.find('-'));
  EXPECT_TRUE(results("?after=" + mine).empty());
  const struct {
    std::string cursor, code;
    int status;
  } cases[] = {{"zzzzzzzz-1", "cursor_gone", 410},
               {installation + "-99", "cursor_gone", 410},
               {"nonsense", "bad_cursor", 400},
               {installation + "-", "bad_cursor", 400}};
  for (const auto& c : cases) {
    for (const auto& reply :
         {call("GET", "/v1/results?after=" + c.cursor),
          call("GET", "/v1/results", "", {{"Last-Event-ID", c.cursor}, {"Accept", "text/event-stream"}}),
          call("POST", "/v1/results/ack", R"({"up_to":")" + c.cursor + "\"}")}) {
      EXPECT_EQ(reply.status, c.status) << c.cursor << reply.body;
      EXPECT_EQ(Json(reply.body).text("/code"), c.code) << c.cursor;
    }
  }
  EXPECT_EQ(results("").size(), 1U);
}

TEST_F(Results, LargeOnesAreStreamedWhole) {
  start();
  const std::string large(3'000'000, 'r');
  const auto id = post_to("big", large);
  const auto found = all_results("big", 1);
  EXPECT_TRUE(answer_text(found.at(0)) == "echo: " + large);
  LocalHttp stream(daemon_->socket());
  ASSERT_TRUE(stream.send("GET", "/v1/results?channel=big", "", {{"Accept", "text/event-stream"}}));
  ASSERT_TRUE(stream.receive_head());
  stream.read_until("\n\n");
  const auto event = stream.read_until("\n\n").value_or("");
  EXPECT_TRUE(answer_text(Json(event.substr(std::min(event.size(), event.find("data: ") + 6)))) == "echo: " + large);
}

// A consumer would die on the line, again and again: the id and the cursor are in it.
TEST_F(Results, AResponseThatIsNoJsonBreaksNoDocument) {
  start({.faults = kOddResponses}, {.config = leave_by_count(kOddRequests)});
  std::string body;
  for (std::size_t i = 0; i < kOddRequests; ++i) body += bulk_line("prompt " + std::to_string(i)) + '\n';
  bulk("odd", body);
  all_results("odd", kOddRequests);

  const auto lines = call("GET", "/v1/results?channel=odd").body;
  for (const char* end : {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xC2\x85"}) EXPECT_EQ(lines.find(end), std::string::npos);
  std::vector<std::string> texts;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) texts.push_back(line);
  ASSERT_EQ(texts.size(), kOddRequests);
  LocalHttp stream(daemon_->socket());
  ASSERT_TRUE(stream.send("GET", "/v1/results?channel=odd", "", {{"Accept", "text/event-stream"}}));
  ASSERT_TRUE(stream.receive_head());
  stream.read_until("\n\n");
  std::size_t odd = 0;
  for (std::size_t i = 0; i < kOddRequests; ++i) {
    const auto event = stream.read_until("\n\n").value_or("");
    texts.push_back(event.substr(std::min(event.size(), event.find("data: ") + 6)));
    const auto id = texts[i].substr(texts[i].find("\"id\":\"") + 6, 13);
    texts.push_back(call("GET", "/v1/requests/" + id).body);
    const Json request(texts.back());
    if (!request.has("/response_base64")) continue;
    ++odd;
    EXPECT_EQ(request.text("/state"), "succeeded");
    EXPECT_FALSE(request.has("/response"));
    EXPECT_TRUE(request.text("/response_fault").starts_with("not JSON at byte ")) << request.dump();
    const auto bytes = json::base64_decode(request.text("/response_base64"));
    ASSERT_TRUE(bytes);
    EXPECT_NE(bytes->find("echo: prompt "), std::string::npos) << "nothing of the response is lost";
  }
  EXPECT_EQ(odd, kOddOnes);
  expect_python_reads(texts);
}

TEST_F(Results, WhatCallersNameEndsNoLine) {
  start();
  call("POST", "/v1/requests",
       "{\"model\":\"nosuchmodel\",\"channel\":\"n\",\"key\":\"a\xE2\x80\xA8z\",\"labels\":{\"l\":\"\xC2\x85\"},"
       "\"request\":{}}");
  all_results("n", 1);
  const auto lines = call("GET", "/v1/results?channel=n").body;
  EXPECT_NE(lines.find("a\\u2028z"), std::string::npos) << lines;
  EXPECT_NE(lines.find("\"\\u0085\""), std::string::npos) << lines;
}

}  // namespace
}  // namespace batchd::e2e
