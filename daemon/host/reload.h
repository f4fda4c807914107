// SIGHUP: the configuration is read anew. A faulty one changes nothing, and with a faulty tokens file only the keys are
// read; of a good one everything is put in force that can be, and what needs a restart is named in the log.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/engine/engine.h"
#include "daemon/host/notifier.h"
#include "daemon/http/bearer_tokens.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

// The limits of the configuration, in force for the store's intake. Also once at the start, before anything is
// accepted.
Task<core::Result<void>> limit_intake(Engine& engine);

class Reloader {
 public:
  // `running` is what engine.config refers to. `file`: none if there is nothing to read anew (--dev), empty if the
  // configuration is the defaults and the environment.
  Reloader(Engine& engine, config::Config& running, const config::Environment& environment,
           std::optional<std::string> file, BearerTokens& tokens, Notifier& notifier);
  Task<void> run(HttpServer& server);  // until the engine stops

 private:
  Task<void> reload(HttpServer& server);
  Task<bool> put_in_force(const config::Config& fresh, HttpServer& server);
  void reread_keys();

  Engine& engine_;
  config::Config& running_;
  const config::Environment& environment_;
  const std::optional<std::string> file_;
  BearerTokens& tokens_;
  Notifier& notifier_;
  asio::basic_signal_set<Executor> hangups_;
};

}  // namespace batchd::daemon
