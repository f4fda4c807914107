#include "daemon/daemon.h"

#include <sysexits.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "core/version.h"
#include "daemon/admin/admin.h"
#include "daemon/api/api.h"
#include "daemon/api/reply.h"
#include "daemon/api/router.h"
#include "daemon/fronts/gemini_front.h"
#include "daemon/host/activation.h"
#include "daemon/host/notifier.h"
#include "daemon/host/reload.h"
#include "daemon/host/server_config.h"
#include "daemon/host/vital_signs.h"
#include "daemon/http/bearer_tokens.h"
#include "daemon/http/http_server.h"
#include "daemon/net/clock.h"
#include "daemon/net/log.h"
#include "daemon/provider/make_account.h"
#include "daemon/stages/stages.h"
#include "storage/sqlite/store.h"

namespace batchd::daemon {
namespace {

constexpr std::chrono::seconds kRoomPause{5};
constexpr int kGracesPerStop = 3;  // for items to finish, for them to be cut short, for the last write to return

int exit_code_of(const core::Error& error) {
  if (error.code == core::Errc::locked) return EX_TEMPFAIL;
  if (error.code == core::Errc::newer_schema) return EX_CONFIG;
  return EX_CANTCREAT;
}

// The signals that batchd handles stay pending from now on.
void block_signals() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&handled, signal);
  ::pthread_sigmask(SIG_BLOCK, &handled, nullptr);
}

class Daemon {
 public:
  Daemon(const config::Config& config, const config::Environment& environment, std::optional<std::string> file,
         const ProviderKinds& kinds, std::unique_ptr<storage::TransactionalStore> store, Notifier& notifier,
         std::optional<PassedSocket> passed)
      : config_(config),
        passed_(std::move(passed)),
        notifier_(notifier),
        store_thread_(
            std::move(store), [this](std::function<void()> completions) { asio::post(io_, std::move(completions)); },
            [](const core::Error& error) { fatal("store_failed", error.detail, EX_IOERR); }),
        engine_(io_.get_executor(), config_, clock_, store_thread_),
        desk_(engine_),
        router_(desk_, {api_routes(), gemini_routes(), admin_routes()}),
        signals_(io_, SIGTERM, SIGINT),
        reloader_(engine_, config_, environment, std::move(file), kinds.names(), tokens_, notifier_) {
    for (const auto& [name, settings] : config_.accounts)
      engine_.accounts.add(make_account(io_.get_executor(), name, settings, environment, kinds, clock_.wall()));
  }

  int run() {
    int exit_code = EX_SOFTWARE;
    auto finished = [&](const std::exception_ptr& error, int code) {
      work_.reset();  // io_.run() returns once nothing is left to do
      if (error) std::rethrow_exception(error);
      exit_code = code;
    };
    asio::co_spawn(io_.get_executor(), live(), finished);
    io_.run();
    // A signal that comes now must not end the process in its own way. This thread is the only one left that could.
    store_thread_.stop();
    block_signals();
    return exit_code;
  }

 private:
  Task<int> live() {
    if (const auto recovered = co_await recover(); !recovered) {
      log_event(LogLevel::error, "recovery_failed", {{"detail", recovered.error().detail}});
      co_return EX_IOERR;
    }
    if (const auto limited = co_await limit_intake(engine_); !limited) {
      log_event(LogLevel::error, "limits_not_set", {{"detail", limited.error().detail}});
      co_return EX_IOERR;
    }
    if (!co_await load_first_tokens()) co_return EX_CONFIG;
    auto handle = [this](Exchange& exchange) { return router_.handle(exchange); };
    const auto connections_max = connections_that_fit(engine_.config.limits.max_connections);
    auto settings = server_config(engine_.config, tokens_, connections_max);
    if (passed_) settings.passed_socket = passed_->descriptor;
    auto server = make_http_server(io_.get_executor(), std::move(settings), handle, &render_error);
    if (!server) {
      log_event(LogLevel::error, "socket_unavailable", {{"detail", server.error().detail}});
      store_thread_.stop();
      co_return server.error().code == core::Errc::locked ? EX_TEMPFAIL : EX_UNAVAILABLE;
    }
    desk_.server = server->get();
    start_stages();
    engine_.tasks.spawn((*server)->serve());
    engine_.tasks.spawn(reloader_.run(**server));
    announce_ready((*server)->tcp_port());
    vital_signs_.start(**server);
    co_await signals_.async_wait(as_tuple_task);
    co_await stop(**server);
    co_return EX_OK;
  }

  // Returns false if the tokens can't be used; that is then logged, and the store has stopped.
  Task<bool> load_first_tokens() {
    if (engine_.config.server.listen.empty()) co_return true;
    const auto loaded = co_await load_bearer_tokens(tokens_, engine_.store, engine_.config.server);
    if (loaded) co_return true;
    log_event(LogLevel::error, "tokens_unusable", {{"detail", loaded.error().detail}});
    store_thread_.stop();
    co_return false;
  }

  // Logs the port that is really listened on: the configuration may leave the choice to the kernel.
  void announce_ready(std::uint16_t tcp_port) {
    const auto& listen = engine_.config.server.listen;
    const auto tcp = listen.empty() ? "none" : listen.substr(0, listen.rfind(':') + 1) + std::to_string(tcp_port);
    const auto& configured = engine_.config.server.socket;
    if (passed_ && !same_file(passed_->path, configured))
      log_event(LogLevel::warn, "socket_differs", {{"passed", passed_->path}, {"configured", configured}});
    log_event(LogLevel::info, "ready",
              {{"version", core::version()}, {"socket", passed_ ? passed_->path : configured}, {"tcp", tcp}});
    notifier_.ready();
  }

  Task<core::Result<void>> recover() {
    for (bool more = true; more;) {
      notifier_.recovering();
      auto step = co_await engine_.store.state(&core::Store::recover, clock_.wall());
      if (!step) co_return step.error();
      more = *step;
    }
    auto installation = [](core::Store& store) { return core::Result<core::Installation>(store.installation()); };
    const auto known = co_await engine_.store.together(storage::VerbClass::read, installation);
    if (!known) co_return known.error();
    engine_.installation = known->id;
    engine_.tag_prefix = "batchd-" + known->id + '-';
    co_return co_await engine_.count_strange_jobs();
  }

  void start_stages() {
    auto& wakeups = engine_.wakeups;
    const std::initializer_list<std::pair<Stage*, Wakeup*>> stages{
        {&sweep_, &wakeups.sweep},         {&pack_, &wakeups.pack},       {&submit_, &wakeups.submit},
        {&reconcile_, &wakeups.reconcile}, {&poll_, &wakeups.poll},       {&collect_, &wakeups.collect},
        {&settle_, &wakeups.settle},       {&cleanup_, &wakeups.cleanup}, {&deadlines_, &wakeups.deadlines},
        {&purge_, &wakeups.purge}};
    for (const auto& [stage, wakeup] : stages) engine_.tasks.spawn(run_stage(engine_, *stage, *wakeup));
  }

  // Lets the items under way finish, answers the waiters, closes; after the grace, ends what is left. Jobs at the
  // provider go on.
  Task<void> stop(HttpServer& server) {
    log_event(LogLevel::info, "stopping",
              {{"exchanges", server.exchanges_under_way()}, {"waiters", engine_.waiters.size()}});
    notifier_.stopping(kGracesPerStop * engine_.config.limits.stop_grace);
    notifier_.status(stopping_line(server.exchanges_under_way()));
    engine_.stopping = true;
    server.close_listener();
    engine_.waiters.notify_all();
    engine_.body_seats.close();
    engine_.wakeups.wake_all();
    engine_.tasks.cancel(asio::cancellation_type::total);
    auto impatient = [this](boost::system::error_code aborted, int) {
      if (!aborted) engine_.tasks.cancel(asio::cancellation_type::terminal);
    };
    signals_.async_wait(impatient);
    const auto grace_ends = clock_.steady() + engine_.config.limits.stop_grace;
    if (!co_await engine_.tasks.joined(grace_ends)) {
      engine_.tasks.cancel(asio::cancellation_type::terminal);
      if (!co_await engine_.tasks.joined(clock_.steady() + engine_.config.limits.stop_grace))
        fatal("stop_incomplete", std::to_string(engine_.tasks.size()) + " tasks didn't end");
    }
    co_await vital_signs_.end();
    signals_.cancel();
    notifier_.closing();
    store_thread_.stop();
    log_event(LogLevel::info, "stopped");
  }

  config::Config config_;  // the reloader changes it
  const std::optional<PassedSocket> passed_;
  Notifier& notifier_;
  SystemClock clock_;
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_{io_.get_executor()};
  storage::StoreThread store_thread_;
  Engine engine_;
  BearerTokens tokens_;
  Desk desk_;
  Router router_;
  asio::basic_signal_set<Executor> signals_;
  Reloader reloader_;
  VitalSigns vital_signs_{engine_, notifier_};
  PackStage pack_{engine_};
  SubmitStage submit_{engine_};
  ReconcileStage reconcile_{engine_};
  PollStage poll_{engine_};
  CollectStage collect_{engine_};
  SettleStage settle_{engine_};
  CleanupStage cleanup_{engine_};
  SweepStage sweep_{engine_};
  DeadlineStage deadlines_{engine_};
  PurgeStage purge_{engine_};
};

std::int64_t bytes_of(const std::string& database) {
  std::int64_t bytes = 0;
  for (const auto* suffix : {"", "-wal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(database + suffix, missing);
    if (!missing) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

// Removes a copy left by a process that was killed: it holds prompts and results, also those that have been purged
// since.
void remove_left_backup(const std::string& path) { ::unlink((path + std::string(kBackupSuffix)).c_str()); }

}  // namespace

int run_daemon(const config::Config& config, const config::Environment& environment, std::optional<std::string> file,
               const ProviderKinds& kinds) {
  auto passed = take_passed_socket();
  if (!passed) {
    log_event(LogLevel::error, "socket_unavailable", {{"detail", passed.error().detail}});
    return EX_CONFIG;  // a fault of the unit: trying again doesn't help
  }
  Notifier notifier;
  notifier.opening(bytes_of(config.store.path));
  auto store = storage::open_sqlite({.path = config.store.path});
  // Ending would help nobody: as with a disk that fills up while batchd runs, it goes on by itself once there is room.
  // SIGTERM still ends the process at once.
  for (bool said = false; !store && store.error().code == core::Errc::disk_full;) {
    if (!std::exchange(said, true))
      log_event(LogLevel::error, "store_waits_for_room",
                {{"path", config.store.path}, {"detail", store.error().detail}});
    notifier.waiting_for_room();
    std::this_thread::sleep_for(kRoomPause);
    store = storage::open_sqlite({.path = config.store.path});
  }
  if (!store) {
    log_event(LogLevel::error, "store_unavailable", {{"path", config.store.path}, {"detail", store.error().detail}});
    return exit_code_of(store.error());
  }
  remove_left_backup(config.store.path);
  Daemon daemon(config, environment, std::move(file), kinds, std::move(*store), notifier, std::move(*passed));
  return daemon.run();
}

}  // namespace batchd::daemon
