// One run of batchctl: where it talks to, how it shows things, and how stubborn it is.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "ctl/client.h"
#include "ctl/console.h"

namespace batchd::ctl {

using Seconds = std::chrono::seconds;

struct Session {
  Client client;
  Console console;
  bool json = false;      // print what the server sent, one object per line
  Seconds retry_for{60};  // resend a repeatable call for so long when the daemon goes away or says 503 or 429

  Session(std::string socket, bool as_json) : client(std::move(socket)), json(as_json) {}
};

// Sends a repeatable call until it is answered with something else than 503 or 429, or the patience is at its end.
// A daemon that has never answered in this run and isn't running is reported at once: it won't come by waiting.
Reply call_patiently(Session& session, const Call& call);

// Says what went wrong on standard error. The exit code of it.
int report(Session& session, const Trouble& trouble);
int report(Session& session, const Answer& answer);  // of an answer that isn't 2xx

// An answer of 2xx, or an exit code after the trouble has been reported.
std::variant<Answer, int> ask(Session& session, const Call& call);

}  // namespace batchd::ctl
