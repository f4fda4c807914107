#include "daemon/host/reload.h"

#include <algorithm>

#include "config/reload.h"
#include "daemon/host/server_config.h"
#include "daemon/net/log.h"

namespace batchd::daemon {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace

Task<core::Result<void>> limit_intake(Engine& engine) {
  const auto& limits = engine.config.limits;
  const auto share = [&](std::int64_t whole) { return std::max<std::int64_t>(whole * limits.owner_share / 100, 1); };
  const core::QueueLimits queue{.requests = limits.max_queued_requests,
                                .bytes = limits.max_queued_bytes,
                                .owner_requests = share(limits.max_queued_requests),
                                .owner_bytes = share(limits.max_queued_bytes),
                                .free_bytes_min = engine.config.store.disk_floor + engine.config.store.reserve};
  co_return co_await engine.store.state(&core::Store::limit_queue, queue);
}

Reloader::Reloader(Engine& engine, config::Config& running, const config::Environment& environment,
                   std::optional<std::string> file, config::Kinds kinds, BearerTokens& tokens, Notifier& notifier)
    : engine_(engine),
      running_(running),
      environment_(environment),
      file_(std::move(file)),
      kinds_(std::move(kinds)),
      tokens_(tokens),
      notifier_(notifier),
      hangups_(engine.executor, SIGHUP) {}

Task<void> Reloader::run(HttpServer& server) {
  while (!engine_.stopping) {
    const auto [error, signal] = co_await hangups_.async_wait(as_tuple_task);
    if (error || engine_.stopping) break;
    notifier_.reloading();
    co_await reload(server);
    if (!engine_.stopping) notifier_.ready();
  }
}

Task<void> Reloader::reload(HttpServer& server) {
  if (!file_) {
    log_event(LogLevel::warn, "reload_refused", {{"what", "there is no configuration file with --dev"}});
    co_return;
  }
  std::optional<config::Config> fresh;
  try {
    fresh = config::load(*file_, environment_, kinds_);
  } catch (const config::ConfigError& error) {
    for (const auto& fault : error.faults())
      log_event(LogLevel::error, "reload_refused",
                {{"file", *file_}, {"line", fault.line}, {"what", config::to_text(fault)}});
  }
  if (!fresh) co_return;
  const auto before = running_;
  const bool in_force = co_await put_in_force(*fresh, server);
  if (!in_force) co_return;
  const auto waiting = config::changed_keys(running_, *fresh);
  if (!waiting.empty()) log_event(LogLevel::warn, "reload_needs_restart", {{"keys", joined(waiting)}});
  log_event(LogLevel::info, "reloaded", {{"keys", joined(config::changed_keys(before, running_))}});
}

// The tokens come first: they are the only part that can still be refused.
Task<bool> Reloader::put_in_force(const config::Config& fresh, HttpServer& server) {
  if (!running_.server.listen.empty()) {
    const auto loaded = co_await load_bearer_tokens(tokens_, engine_.store, fresh.server);
    if (!loaded) {
      log_event(LogLevel::error, "reload_refused", {{"file", *file_}, {"what", loaded.error().detail}});
      reread_keys();  // a new API key is used even while the tokens file is faulty
      co_return false;
    }
    engine_.waiters.notify_waiting();
  }
  config::take_over(running_, fresh);
  set_log_level(running_.log.level);
  reread_keys();
  server.limit_connections(connection_limits(running_, connections_that_fit(running_.limits.max_connections)));
  const auto limited = co_await limit_intake(engine_);
  if (!limited) log_event(LogLevel::error, "limits_not_set", {{"detail", limited.error().detail}});
  engine_.wakeups.wake_all();
  co_return true;
}

// If a key can't be read, the old one stays in use. Accounts in trouble try again at once, since the reload may have
// removed the cause.
void Reloader::reread_keys() {
  for (const auto& [name, account] : engine_.accounts.all()) {
    account->budget = running_.accounts.at(name).budget();
    const auto read = account->reload ? account->reload(*account) : core::Result<void>();
    if (!read) log_event(LogLevel::error, "key_unreadable", {{"account", name}, {"detail", read.error().detail}});
    if (!account->trouble.empty()) engine_.try_at_once(*account);
  }
}

}  // namespace batchd::daemon
