// The real batchd with a database, a socket and a configuration of its own in a fresh folder. Its account has no key:
// it accepts requests and never sends any.
#pragma once

#include <sys/types.h>

#include <string>

namespace batchd::bench {

struct Memory {  // bytes
  long rss = 0, peak = 0, anonymous = 0;
  long page_cache = 0;  // what the kernel keeps of the database and its log; not part of rss
};

class DaemonProcess {
 public:
  DaemonProcess(std::string program, const std::string& parent_folder);
  ~DaemonProcess();  // kills it and deletes the folder
  DaemonProcess(const DaemonProcess&) = delete;

  void start();  // returns at once
  void wait_until_ready();
  void stop();  // SIGTERM, waits for the end
  void kill();  // SIGKILL, waits for the end

  std::string socket() const { return folder_ + "/s"; }
  const std::string& folder() const { return folder_; }
  double cpu_seconds() const;
  Memory memory() const;
  long log_bytes() const;  // of the write-ahead log

 private:
  void end_with(int signal);

  std::string program_;
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace batchd::bench
