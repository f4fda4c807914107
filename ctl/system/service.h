// batchd as a service of systemd, if it is one here.
#pragma once

#include <string>

namespace batchd::ctl {

inline constexpr const char* kUnit = "batchd.service";

// none: no systemd runs here, or it doesn't know the unit. troubled: it has failed, or is on its way up (again).
enum class Service { none, stopped, troubled, running };
Service service_state();

// What to do about a batchd that isn't there, in this state; empty: nothing that systemd could do.
std::string start_hint(Service service);

// The group that a user needs to come to this socket, and how to join it. The socket's, or that of the first folder on
// the way to it that is closed. Empty: a group isn't what is missing.
std::string group_hint(const std::string& socket);

}  // namespace batchd::ctl
