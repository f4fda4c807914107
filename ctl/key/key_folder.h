// The folder of a key, found once and held: whoever moves folders about meanwhile changes nothing.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>

namespace batchd::ctl {

inline constexpr const char* kServiceUser = "batchd";  // of the packaged service

// Opened one folder after the other, each in the one before. For root all of them have to be root's alone, as are the
// symbolic links on the way: in a folder of somebody else's, that user would decide which file root replaces, and who
// may read it. Two exceptions: a sticky folder on the way, where nobody can move what is root's, and a last folder of
// the service's user, who reads the key anyway.
class KeyFolder {
 public:
  explicit KeyFolder(const std::string& path);  // absolute
  KeyFolder(const KeyFolder&) = delete;
  KeyFolder& operator=(const KeyFolder&) = delete;
  ~KeyFolder();

  int fd() const { return fd_; }                          // for ...at() calls: O_PATH
  int error() const { return error_; }                    // 0, or errno: it can't be opened
  const std::string& distrust() const { return fault_; }  // why root doesn't put a key there; empty: it does
  bool of_service() const { return of_service_; }         // the service's user owns it, and we are root

 private:
  bool enter(int opened);  // false: error_
  bool follow(const std::string& name);
  bool trust(const std::string& path, bool last);
  bool step();

  std::deque<std::string> left_;  // names still to be entered
  std::string at_;                // the path of fd_, links resolved; empty: /
  int fd_ = -1;
  int links_ = 0;
  int error_ = 0;
  std::string fault_;
  bool shared_ = false;  // fd_ is a sticky folder in which others may put files
  bool of_service_ = false;
};

}  // namespace batchd::ctl
