#include "ctl/key/setup.h"

#include <memory>

#include "ctl/cli/menu.h"

namespace batchd::ctl {

void add_setup_command(Menu& menu) {
  auto options = std::make_shared<SetupOptions>();
  auto* c =
      add_command(menu, "For administrators", "setup", "Give batchd a provider's key, and see that it works",
                  "sudo batchctl setup gemini\n"
                  "  sudo batchctl setup gemini --key-file - <key\n\n"
                  "Asks for the key, checks it with one call that costs nothing, stores it where batchd reads it\n"
                  "(api_key_file, else systemd's credential store) and lets batchd take it. A key that is refused\n"
                  "(77), can't be one (65) or can't be checked (69) changes nothing; 75: stored, but not ready yet.");
  c->add_option("provider", options->kind, "gemini");
  add_text(*c, "--account", options->account, "an [accounts.NAME] of the configuration; else \"default\"");
  c->add_option("--key-file", options->key_file, "read the key from this file; - is standard input");
  c->add_flag("--no-check", options->no_check, "store the key without asking the provider");
  c->add_flag("--no-restart", options->no_restart, "only say how batchd takes the key");
  c->callback([&menu, options] {
    if (options->kind.empty()) throw CLI::ValidationError("setup", "which provider? Such as: batchctl setup gemini");
    menu.silent = true;
    menu.chosen = [options](Session& s) { return setup_key(s, *options, config::process_environment()); };
  });
}

}  // namespace batchd::ctl
