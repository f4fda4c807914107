// Answers HTTP as a test says, on a Unix socket or on TCP (loopback). Its handler gets one whole request (head and
// body) and returns the bytes to send. An empty string closes the connection without an answer; kHangUp at the end of
// the bytes closes it after them.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace batchd::ctl {

inline constexpr char kHangUp = '\4';

struct FakeServerOptions {
  bool tcp = false;
  bool at_head = false;  // the handler is asked as soon as a head is there; the body is never read
};

class FakeServer {
 public:
  using Handler = std::function<std::string(const std::string& request)>;
  explicit FakeServer(Handler handler, FakeServerOptions options = {});
  ~FakeServer();

  const std::string& path() const { return path_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  const std::string& folder() const { return folder_; }
  std::vector<std::string> requests() const;

 private:
  void run();
  bool serve(int client, std::string& pending);

  void listen_unix();
  void listen_tcp();

  Handler handler_;
  const FakeServerOptions options_;
  std::string folder_, path_;
  int port_ = 0;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // a pipe: closed to end the thread
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string http_answer(int status, const std::string& body, const std::string& headers = {});
std::string temporary_folder();

}  // namespace batchd::ctl
