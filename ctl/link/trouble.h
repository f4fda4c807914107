// Why no complete answer came, as text and as an exit code.
#pragma once

#include <string>

#include "ctl/link/address.h"

namespace batchd::ctl {

struct Trouble {
  enum class Kind {
    not_running,    // the socket doesn't exist, or nothing listens there
    no_permission,  // the socket's permissions forbid it
    not_answering,  // connected, but nothing came for too long
    broken,         // the connection broke, or the answer isn't HTTP
  };
  Kind kind;
  std::string detail;
};

// Returns two lines for people: what happened, and what to do about it.
std::string explain(const Trouble& trouble, const Address& address);
int exit_code_of(const Trouble& trouble);
int exit_code_of_status(int http_status);  // kDone for 2xx

}  // namespace batchd::ctl
