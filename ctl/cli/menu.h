// The command line: the commands, and the one that was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "ctl/commands/commands.h"
#include "ctl/commands/text.h"

namespace batchd::ctl {

struct Menu {
  CLI::App& app;
  std::function<int(Session&)> chosen = {};
  bool silent = false;  // what the chosen command does is of use without its standard output
};

// Each function adds the commands of its groups; a command's callback sets `chosen`.
void add_request_commands(Menu& menu);
void add_listing_commands(Menu& menu);
void add_setup_command(Menu& menu);
void add_operator_commands(Menu& menu);

CLI::App* add_command(Menu& menu, const char* group, const char* name, const std::string& what,
                      const std::string& example);

// Adds an option whose value goes to the daemon: it must be UTF-8, and not empty (value_fault()).
CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& value, const std::string& what);

// Parses "30", "30s", "5m"; nullopt if the text is no such duration.
std::optional<Seconds> parse_seconds(const std::string& text);
std::string check_seconds(const std::string& text);  // empty if it is a duration, else what is wrong

// Adds --wait and --wait=SECONDS. `text` stays empty without the option. wait_of() throws CLI::ValidationError.
void add_wait(CLI::App& command, std::string& text, const char* what);
std::optional<Wait> wait_of(const std::string& text);
// Makes "--wait 30" work like "--wait=30": CLI11 accepts an optional value only after "=". Returns the arguments in
// reverse order, as CLI::App::parse takes them.
std::vector<std::string> joined_waits(int argc, char** argv);

}  // namespace batchd::ctl
