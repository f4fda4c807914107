// Reads the finished requests of a channel in pages, one GET /v1/results each.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "ctl/answers/objects.h"
#include "ctl/link/session.h"

namespace batchd::ctl {

class ResultPages {
 public:
  using Take = std::function<void(const std::string& line, const Members& request)>;

  ResultPages(Session& session, std::string channel, std::string after)
      : session_(session), channel_(std::move(channel)), after_(std::move(after)) {}

  // Passes the next page's lines to `take`, at most `limit` (<= 1000); waits up to `wait` for the first. Returns the
  // number of lines, or an exit code after the error was reported. After a broken connection the page continues
  // behind the last whole line.
  std::variant<std::size_t, int> next(Seconds wait, std::size_t limit, const Take& take);

  const std::string& channel() const { return channel_; }
  const std::string& after() const { return after_; }  // cursor of the last line

 private:
  Session& session_;
  std::string channel_, after_;
};

}  // namespace batchd::ctl
