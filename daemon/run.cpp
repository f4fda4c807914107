#include "daemon/run.h"

#include <sys/prctl.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/config.h"
#include "core/version.h"
#include "daemon/check_key.h"
#include "daemon/daemon.h"
#include "daemon/net/log.h"

namespace batchd::daemon {
namespace {

constexpr const char* kDevSocket = "./batchd.sock";

// The folder of the database with --dev: the one that the user names, or a temporary one that is removed at the end.
class DevFolder {
 public:
  explicit DevFolder(const std::string& named) : path_(named), temporary_(named.empty()) {
    if (!temporary_) {
      std::filesystem::create_directories(path_);
      return;
    }
    auto pattern = (std::filesystem::temp_directory_path() / "batchd-dev-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("can't make a temporary folder");
    path_ = pattern;
  }
  DevFolder(const DevFolder&) = delete;
  ~DevFolder() {
    if (!temporary_) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
  bool temporary_;
};

// A write to a closed socket or over a file size limit must be an error code, not the end of the process; and the API
// key in memory must not end up in a core dump.
void protect_process() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);  // until the reloader listens
#ifndef BATCHD_WITH_ASAN         // its leak checker must trace the process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

int run(const config::Config& config, const config::Environment& environment, std::optional<std::string> file,
        const ProviderKinds& kinds) {
  protect_process();
  start_logging(config.log.level);
  return run_daemon(config, environment, std::move(file), kinds);
}

[[noreturn]] void check_key_and_end(const config::Config& config, const std::string& account,
                                    const ProviderKinds& kinds) {
  protect_process();
  const int code = check_key(config, account, kinds, std::cin, std::cout, std::cerr);
  std::cout.flush();
  std::quick_exit(code);
}

}  // namespace

int run_daemon(int argc, char** argv, const ProviderKinds& kinds) try {
  CLI::App app{
      "batchd collects single LLM requests from local programs, sends them through a provider's batch API, and brings "
      "every answer back to its caller.",
      "batchd"};
  std::string config_path;
  std::string state;
  std::string provider_url = "http://127.0.0.1:8085";
  std::string account{config::kDefaultAccount};
  bool check_config = false, print_config = false, key = false, dev = false;
  auto* config_option = app.add_option("--config", config_path,
                                       "configuration file (default: " + std::string(config::kDefaultPath) + ")");
  auto* check_flag =
      app.add_flag("--check-config", check_config, "check the configuration, report all faults, and exit");
  auto* print_flag = app.add_flag("--print-config", print_config,
                                  "print the complete configuration in force, without secrets, and exit")
                         ->excludes(check_flag);
  auto* key_flag =
      app.add_flag("--check-key", key, "read an API key from standard input, check it with the provider, and exit")
          ->excludes(check_flag)
          ->excludes(print_flag);
  app.add_option("--account", account, "with --check-key: the account whose provider is asked")
      ->needs(key_flag)
      ->capture_default_str();
  auto* dev_flag =
      app.add_flag(
             "--dev", dev,
             "temporary state, ./batchd.sock, short times, against an emulator; the key is \"dev\", no other is read")
          ->excludes(config_option)
          ->excludes(key_flag);
  app.add_option("--provider", provider_url, "with --dev: the emulator's address")
      ->needs(dev_flag)
      ->capture_default_str();
  app.add_option("--state", state, "with --dev: keep the database in this folder and continue with it next time")
      ->needs(dev_flag);
  app.set_version_flag("--version", "batchd " + std::string(core::version()));
  app.footer(
      "Signals: SIGTERM and SIGINT stop batchd after the work under way; a second one ends the grace period. SIGHUP\n"
      "reads configuration, keys and tokens again.\n"
      "Manual: docs/ in the source, or batchd(8).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }

  if (dev) {
    const DevFolder folder(state);
    return run(config::dev_defaults(folder.path(), kDevSocket, provider_url), config::dev_environment(), std::nullopt,
               kinds);
  }
  const auto environment = config::process_environment();
  if (config_path.empty() && std::filesystem::exists(config::kDefaultPath)) config_path = config::kDefaultPath;
  const auto config = config::load(config_path, environment, kinds.names());
  if (print_config) {
    std::cout << config::render(config);
    return EX_OK;
  }
  if (check_config) {
    std::cout << "configuration is valid\n";
    return EX_OK;
  }
  if (key) check_key_and_end(config, account, kinds);
  return run(config, environment, config_path, kinds);
} catch (const config::ConfigError& error) {
  std::cerr << error.what() << '\n';
  return EX_CONFIG;
} catch (const std::exception& error) {
  std::cerr << "batchd: " << error.what() << '\n';
  return EX_SOFTWARE;
}

}  // namespace batchd::daemon
