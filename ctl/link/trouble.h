// Why no complete answer came, in words and as an exit code.
#pragma once

#include <string>

#include "ctl/link/address.h"

namespace batchd::ctl {

struct Trouble {
  enum class Kind {
    not_running,    // no such socket, or nobody listens there
    no_permission,  // the socket's permissions
    not_answering,  // connected, but nothing came for too long
    broken,         // the connection broke, or the answer isn't HTTP
  };
  Kind kind;
  std::string detail;
};

// For people: what happened and what to do about it, two lines.
std::string explain(const Trouble& trouble, const Address& address);
int exit_code_of(const Trouble& trouble);
int exit_code_of_status(int http_status);  // 2xx: kDone

}  // namespace batchd::ctl
