// The command line: what there is to choose, and what was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "ctl/commands/commands.h"

namespace batchd::ctl {

struct Menu {
  CLI::App& app;
  std::function<int(Session&)> chosen = {};
};

// Each adds the commands of its groups; a command's callback sets `chosen`.
void add_request_commands(Menu& menu);
void add_listing_commands(Menu& menu);
void add_setup_command(Menu& menu);
void add_operator_commands(Menu& menu);

CLI::App* add_command(Menu& menu, const char* group, const char* name, const std::string& what,
                      const std::string& example);

// "30", "30s", "5m"
std::optional<Seconds> parse_seconds(const std::string& text);
std::string check_seconds(const std::string& text);  // empty: it is one

// --wait, --wait=SECONDS. `text` is empty without it. Throws CLI::ValidationError.
void add_wait(CLI::App& command, std::string& text, const char* what);
std::optional<Wait> wait_of(const std::string& text);
// "--wait 30" as well as "--wait=30": an option whose value may be left out only takes one after "=". In reverse, as
// CLI::App::parse takes them.
std::vector<std::string> joined_waits(int argc, char** argv);

}  // namespace batchd::ctl
