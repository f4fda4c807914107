// Shared by the tests of the callers' side: calls on connections of their own, lines in and lines out, other users.
#pragma once

#include <fcntl.h>

#include <filesystem>
#include <sstream>
#include <vector>

#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {

inline std::string bulk_line(const std::string& prompt, const std::string& key = {}) {
  const auto named = key.empty() ? std::string() : "\"key\":" + json_text(key) + ',';
  return '{' + named + R"("request":{"contents":[{"parts":[{"text":)" + json_text(prompt) + "}]}]}}";
}

inline std::vector<Json> json_lines(const std::string& body) {
  std::vector<Json> lines;
  std::istringstream in(body);
  for (std::string line; std::getline(in, line);) lines.emplace_back(line);
  return lines;
}

class CallsTest : public E2eTest {
 protected:
  static inline const Headers kLines{{"Content-Type", "application/jsonl"}};

  // On a connection of its own. Status 0: no answer.
  HttpReply call(std::string_view method, std::string_view target, std::string_view body = {},
                 const Headers& headers = {}) {
    LocalHttp http(daemon_->socket());
    return http.call(method, target, body, headers).value_or(HttpReply());
  }

  // The same as another user, from a fork.
  HttpReply call_as(uid_t uid, const std::string& method, const std::string& target, const std::string& body = {},
                    const Headers& headers = {}) {
    const auto answer = folder_.file("answer." + std::to_string(++forks_));
    write_file(answer, "");
    std::filesystem::permissions(answer, std::filesystem::perms::all);
    auto child = Process::fork_as(uid, [&] {
      const auto reply = call(method, target, body, headers);
      write_file(answer, std::to_string(reply.status) + '\n' + reply.body);
      return 0;
    });
    EXPECT_EQ(child.wait(), 0);
    const auto text = read_file(answer);
    HttpReply reply;
    reply.status = std::atoi(text.c_str());
    reply.body = text.substr(std::min(text.find('\n') + 1, text.size()));
    return reply;
  }

  // A bulk submission of these lines.
  Json bulk(const std::string& group, const std::string& body, const std::string& more = {}) {
    const auto reply = call("POST", target(group) + more, body, kLines);
    EXPECT_EQ(reply.status, 202) << reply.body;
    return Json(reply.body);
  }
  static std::string target(const std::string& group) {
    return "/v1/requests?model=" + std::string(kModel) + "&group=" + group;
  }

  // What GET /v1/results answers.
  std::vector<Json> results(const std::string& query) {
    const auto reply = call("GET", "/v1/results" + query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.header("content-type"), "application/x-ndjson");
    return json_lines(reply.body);
  }
  // A channel's results, once there are so many.
  std::vector<Json> all_results(const std::string& channel, std::size_t count) {
    std::vector<Json> found;
    eventually([&] {
      found = results("?limit=1000&channel=" + channel);
      return found.size() >= count;
    });
    EXPECT_EQ(found.size(), count);
    return found;
  }
  std::int64_t accepted() { return daemon_->admin_status().number("/accepted"); }

 private:
  int forks_ = 0;
};

}  // namespace batchd::e2e
