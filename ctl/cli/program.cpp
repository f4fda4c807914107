#include "ctl/cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "config/keys.h"
#include "core/version.h"
#include "ctl/cli/menu.h"
#include "ctl/console/descriptors.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

constexpr const char* kFooter = R"(
Begin with:
  sudo batchctl setup gemini                                 gives batchd its key
  batchctl submit --model gemini-2.5-flash --wait "Name three rivers."
  batchctl submit --model gemini-2.5-flash prompts.jsonl     a file of {"key","request"} lines
  batchctl results --channel nightly --ack                   what has finished, each once
  batchctl doctor                                            when something seems wrong
`batchctl COMMAND --help` has the rest. Data goes to standard output, everything else to standard error.

Environment:
  BATCHD_SOCKET, BATCHD_URL, BATCHD_TOKEN   as --socket, --url, and what is in the --token-file
  BATCHD_CONFIG                             the configuration that names the socket; /etc/batchd/batchd.toml

Exit codes:
   0  done                            69  batchd isn't running, doesn't answer, or broke off
   1  a request ended without result  75  not finished yet, or no room now: try again later
  64  the command line                77  no permission, no valid token, or a refused key
  65  refused: what was given         78  the configuration
)";

struct Global {
  AddressOptions address;
  std::string retry_for = "60";
  bool json = false;
};

void describe(Menu& menu, Global& global) {
  auto& app = menu.app;
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  app.set_version_flag("--version", "batchctl " + std::string(core::version()));
  auto* socket = app.add_option("--socket", global.address.socket,
                                "batchd's socket; else $BATCHD_SOCKET, else the configured one");
  app.add_option("--url", global.address.url, "http://HOST:PORT, batchd over TCP; else $BATCHD_URL")->excludes(socket);
  app.add_option("--token-file", global.address.token_file, "who you are over TCP; else $BATCHD_TOKEN");
  app.add_option("--retry-for", global.retry_for, "seconds to keep trying when batchd goes away or is full")
      ->check(check_seconds);
  app.add_flag("--json", global.json, "print what the daemon sent, one JSON object per line");
  add_request_commands(menu);
  add_listing_commands(menu);
  add_setup_command(menu);
  add_operator_commands(menu);
}

std::vector<std::string> command_names(CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) names.push_back(command->get_name());
  return names;
}

// For the shell's completion: the commands, or what may follow one.
void add_complete(Menu& menu) {
  auto command = std::make_shared<std::string>();
  auto* complete = menu.app.add_subcommand("complete", "words for the shell's completion");
  complete->group("");
  complete->add_option("command", *command);
  complete->callback([&menu, command] {
    menu.chosen = [&app = menu.app, command](Session& session) -> int {
      const auto named = app.get_subcommands([&](const CLI::App* each) { return each->get_name() == *command; });
      if (named.empty())
        for (const auto& name : command_names(app)) session.console.data(name);
      std::vector<const CLI::App*> sources(named.begin(), named.end());
      sources.push_back(&app);
      for (const auto* source : sources)
        for (const auto* option : source->get_options())
          for (const auto& name : option->get_lnames()) session.console.data("--" + name);
      return kDone;
    };
  });
}

// Returns the command that was probably meant by an unknown first word; empty if the word is a command or is missing.
std::string unknown_command(CLI::App& app, const std::vector<std::string>& reversed) {
  const auto names = command_names(app);
  for (auto word = reversed.rbegin(); word != reversed.rend(); ++word) {
    if (word->starts_with('-')) {
      const bool takes_value =
          *word == "--socket" || *word == "--url" || *word == "--token-file" || *word == "--retry-for";
      if (takes_value && word + 1 != reversed.rend()) ++word;
      continue;
    }
    if (std::ranges::find(names, *word) != names.end()) return {};
    const auto nearest = config::nearest_name(*word, names);
    return "there is no command \"" + *word + "\"" +
           (nearest.empty() ? "; batchctl --help lists them" : "; did you mean " + nearest + "?");
  }
  return {};
}

// An empty value after "=" isn't seen by CLI11, which takes the next argument for it. Returns that argument; empty if
// there is none.
std::string argument_without_value(const std::vector<std::string>& reversed) {
  for (auto word = reversed.rbegin(); word != reversed.rend() && *word != "--"; ++word)
    if (word->size() > 3 && word->starts_with("--") && word->find('=') == word->size() - 1) return *word;
  return {};
}

int run(const Global& global, const Menu& menu, bool output_written) {
  if (!output_written && !menu.silent) {
    Console().talk("standard output is closed: nothing was done; >/dev/null does without it");
    return kTryLater;
  }
  auto chosen = choose_address(global.address, config::process_environment());
  if (const auto* fault = std::get_if<AddressFault>(&chosen)) {
    Console().talk(fault->what);
    return fault->exit_code;
  }
  Session session(std::move(std::get<Address>(chosen)), global.json);
  session.retry_for = parse_seconds(global.retry_for).value_or(session.retry_for);
  const int code = menu.chosen(session);
  if (session.console.flush()) return code;
  session.console.talk("standard output can't be written");
  return kTryLater;
}

}  // namespace

int run_batchctl(int argc, char** argv) {
  const auto descriptors = make_descriptors_valid();
  if (!descriptors.valid) return kTryLater;
  CLI::App app("The command-line client of batchd: hands requests to it, brings their results, and looks after it.",
               "batchctl");
  Menu menu{app};
  Global global;
  describe(menu, global);
  add_complete(menu);
  const auto arguments = joined_waits(argc, argv);
  if (const auto bare = argument_without_value(arguments); !bare.empty()) {
    Console().talk(bare + " has no value: give it one, or leave it out");
    return kUsage;
  }
  try {
    auto left = arguments;
    app.parse(left);
  } catch (const CLI::ParseError& error) {
    const auto unknown = error.get_exit_code() == 0 ? std::string() : unknown_command(app, arguments);
    if (!unknown.empty()) {
      Console().talk(unknown);
      return kUsage;
    }
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return run(global, menu, descriptors.output_written);
}

}  // namespace batchd::ctl
