// On SIGHUP the configuration is read again. A faulty configuration changes nothing; with a faulty tokens file only the
// API keys are read again. Of a good configuration everything is put in force that can be, and the keys that need a
// restart are logged.
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

// Puts the configuration's limits in force for the store's intake. Called at the start, too, before anything is
// accepted.
Task<core::Result<void>> limit_intake(Engine& engine);

class Reloader {
 public:
  // `running` is what engine.config refers to. `file` is nullopt if there is nothing to read again (--dev), and empty
  // if the configuration is the defaults and the environment. `kinds` as in config::load().
  Reloader(Engine& engine, config::Config& running, const config::Environment& environment,
           std::optional<std::string> file, config::Kinds kinds, BearerTokens& tokens, Notifier& notifier);
  Task<void> run(HttpServer& server);  // until the engine stops

 private:
  Task<void> reload(HttpServer& server);
  Task<bool> put_in_force(const config::Config& fresh, HttpServer& server);
  void reread_keys();

  Engine& engine_;
  config::Config& running_;
  const config::Environment& environment_;
  const std::optional<std::string> file_;
  const config::Kinds kinds_;
  BearerTokens& tokens_;
  Notifier& notifier_;
  asio::basic_signal_set<Executor> hangups_;
};

}  // namespace batchd::daemon
