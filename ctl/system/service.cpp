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

std::string words_of(gid_t gid) {
  const auto* entry = ::getgrgid(gid);
  if (entry == nullptr) return "the group with number " + std::to_string(gid) + " may use it";
  const std::string name = entry->gr_name;
  const auto* user = ::getpwuid(::geteuid());
  for (char** member = entry->gr_mem; user != nullptr && *member != nullptr; ++member)
    if (std::string_view(*member) == user->pw_name)
      return "you are in group " + name + ", but not yet in this session: log in again";
  return "members of group " + name + " may use it: sudo usermod -aG " + name + " $USER, then log in again";
}

}  // namespace

Service service_state() {
  const auto shown = run_program({"systemctl", "show", "--property=LoadState,ActiveState", kUnit}, {}, 10);
  const auto is = [&](const char* line) { return shown->said.find(line) != std::string::npos; };
  if (!shown || shown->code != 0 || !is("LoadState=loaded\n")) return Service::none;
  if (is("ActiveState=inactive\n")) return Service::stopped;
  return is("ActiveState=active\n") || is("ActiveState=reloading\n") ? Service::running : Service::troubled;
}

std::string start_hint(Service service) {
  if (service == Service::none) return {};
  if (service == Service::stopped) return "start it: sudo systemctl start batchd";
  const std::string look = "see why: systemctl status batchd; journalctl -u batchd";
  if (service == Service::running) return look;
  return look + ". After many failures systemd starts it again only after: sudo systemctl reset-failed batchd";
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
  if ((facts.st_mode & needed) != needed || facts.st_gid == 0) return {};  // root's group is for root
  return words_of(facts.st_gid);
}

}  // namespace batchd::ctl
