#include "ctl/link/trouble.h"

#include "ctl/console/exit_code.h"
#include "ctl/system/service.h"

namespace batchd::ctl {

namespace {

std::string not_running_hint(const Address& address) {
  const auto start = address.may_be_service ? start_hint(service_state()) : std::string();
  return (start.empty() ? "start it" : start) + (address.socket.empty()
                                                     ? "; is server.listen set to this address?"
                                                     : "; or name another socket with --socket or $BATCHD_SOCKET");
}

}  // namespace

std::string explain(const Trouble& trouble, const Address& address) {
  const std::string where = address.shown();
  switch (trouble.kind) {
    case Trouble::Kind::not_running:
      return "batchd isn't running at " + where + " (" + trouble.detail + ")\nhint: " + not_running_hint(address);
    case Trouble::Kind::no_permission: {
      const auto group = group_hint(where);
      return "no permission to use " + where + " (" + trouble.detail + ")\nhint: " +
             (group.empty() ? "its permissions let nobody else in (ls -l " + where + "): use sudo" : group);
    }
    case Trouble::Kind::not_answering:
      return "batchd doesn't answer at " + where + " (" + trouble.detail +
             ")\nhint: journalctl -u batchd; batchctl doctor";
    case Trouble::Kind::broken:
      return "the connection to " + where + " broke (" + trouble.detail +
             ")\nhint: batchd may be restarting: try again";
  }
  return trouble.detail;
}

int exit_code_of(const Trouble& trouble) {
  return trouble.kind == Trouble::Kind::no_permission ? kNoPermission : kUnavailable;
}

int exit_code_of_status(int status) {
  if (status / 100 == 2) return kDone;
  if (status == 401 || status == 403) return kNoPermission;
  if (status == 408 || status == 429 || status == 503 || status == 507) return kTryLater;
  return status / 100 == 4 ? kBadInput : kUnavailable;
}

}  // namespace batchd::ctl
