#include "ctl/system/service.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "ctl/system/run_program.h"

namespace batchd::ctl {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ('\n' + text + '\n').find('\n' + line + '\n') != std::string::npos;
}

// The group database says yes; a session that is older than that says no.
bool is_member(const group& entry) {
  const auto* user = ::getpwuid(::geteuid());
  for (char** each = entry.gr_mem; user != nullptr && each != nullptr && *each != nullptr; ++each)
    if (std::string_view(*each) == user->pw_name) return true;
  return false;
}

std::string words_of(gid_t gid) {
  const auto* entry = ::getgrgid(gid);
  if (entry == nullptr) return "the group with number " + std::to_string(gid) + " may use it";
  const std::string name = entry->gr_name;
  if (is_member(*entry)) return "you are in group " + name + ", but not yet in this session: log in again";
  return "members of group " + name + " may use it: sudo usermod -aG " + name + " $USER, then log in again";
}

}  // namespace

Service service_state() {
  const auto shown = run_program({.name = "systemctl",
                                  .arguments = {"show", "--property=LoadState", "--property=ActiveState", kUnit},
                                  .patience = std::chrono::seconds(10)});
  if (!shown || shown->code != 0 || !has_line(shown->out, "LoadState=loaded")) return Service::none;
  if (has_line(shown->out, "ActiveState=inactive")) return Service::stopped;
  if (has_line(shown->out, "ActiveState=active") || has_line(shown->out, "ActiveState=reloading"))
    return Service::running;
  return Service::troubled;
}

std::string start_hint(Service service) {
  switch (service) {
    case Service::none:
      return {};
    case Service::stopped:
      return "start it: sudo systemctl start batchd";
    case Service::troubled:
      return "see what became of it: systemctl status batchd; journalctl -u batchd. "
             "After many failures systemd starts it again only after: sudo systemctl reset-failed batchd";
    case Service::running:
      return "see what became of it: systemctl status batchd; journalctl -u batchd";
  }
  return {};
}

std::string group_hint(const std::string& socket) {
  std::error_code error;
  auto path = std::filesystem::absolute(socket, error);
  struct stat facts {};
  mode_t needed = S_IRGRP | S_IWGRP;
  for (; ::stat(path.c_str(), &facts) != 0; path = path.parent_path()) {
    if (path == path.parent_path()) return {};
    needed = S_IXGRP;
  }
  // Root's group is for root.
  if ((facts.st_mode & needed) != needed || facts.st_gid == 0) return {};
  return words_of(facts.st_gid);
}

}  // namespace batchd::ctl
