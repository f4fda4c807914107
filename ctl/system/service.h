// batchd as a service of systemd, if it is one here.
#pragma once

#include <string>

namespace batchd::ctl {

inline constexpr const char* kUnit = "batchd.service";

// none: no systemd runs here, or it doesn't know the unit. troubled: the unit has failed or is starting (again).
enum class Service { none, stopped, troubled, running };
Service service_state();

// Returns what to do if batchd doesn't answer in this state; empty if systemd can't help.
std::string start_hint(Service service);

// Returns the group that a user needs to reach this socket, and how to join it: the socket's group, or that of the
// first folder above it that is closed. Returns an empty text if the user lacks no group.
std::string group_hint(const std::string& socket);

}  // namespace batchd::ctl
