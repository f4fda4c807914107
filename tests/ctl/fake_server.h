// Answers HTTP on a Unix socket as a test says. Its handler sees one whole request (head and body) and returns the
// bytes to send; an empty string closes the connection without an answer.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace batchd::ctl {

class FakeServer {
 public:
  using Handler = std::function<std::string(const std::string& request)>;
  explicit FakeServer(Handler handler);
  ~FakeServer();

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }
  std::vector<std::string> requests() const;

 private:
  void run();
  bool serve(int client, std::string& pending);

  Handler handler_;
  std::string folder_, path_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // a pipe: closed to end the thread
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string http_answer(int status, const std::string& body, const std::string& headers = {});
std::string temporary_folder();

}  // namespace batchd::ctl
