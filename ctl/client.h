// HTTP/1.1 over a Unix socket, one call at a time on one kept connection. Blocking; not for several threads.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace batchd::ctl {

struct Call {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // May be sent twice: a GET, or a POST with an Idempotency-Key.
  bool repeatable = true;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // from connecting to the last byte of the answer
};

struct Answer {
  int status = 0;
  std::string body;
  int retry_after_seconds = 0;  // 0: the answer didn't say
};

// No complete answer came, and why.
struct Trouble {
  enum class Kind {
    not_running,    // no such socket, or nobody listens on it
    no_permission,  // the socket's permissions
    not_answering,  // connected, but no complete answer within the timeout
    broken,         // the connection broke, or the answer isn't HTTP
  };
  Kind kind;
  std::string detail;
};

using Reply = std::variant<Answer, Trouble>;

class Client {
 public:
  explicit Client(std::string socket_path);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A kept connection that turns out to be dead is replaced once, silently, if the call is repeatable.
  Reply call(const Call& call);
  const std::string& socket_path() const { return path_; }
  bool ever_answered() const { return ever_answered_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  std::variant<std::monostate, Trouble> connect(Deadline deadline);
  Reply exchange(const Call& call, Deadline deadline, bool& silent);
  Reply receive(Deadline deadline, bool& silent);
  void disconnect();

  std::string path_;
  int fd_ = -1;
  bool ever_answered_ = false;
};

// For people: what happened and what to do about it, two lines.
std::string explain(const Trouble& trouble, const std::string& socket_path);
int exit_code_of(const Trouble& trouble);
int exit_code_of_status(int http_status);  // 2xx: kDone

}  // namespace batchd::ctl
