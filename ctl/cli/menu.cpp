#include "ctl/cli/menu.h"

#include "config/units.h"

namespace batchd::ctl {

CLI::App* add_command(Menu& menu, const char* group, const char* name, const std::string& what,
                      const std::string& example) {
  auto* command = menu.app.add_subcommand(name, what);
  command->group(group);
  command->footer("Example:\n  " + example + "\n");
  return command;
}

CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& value, const std::string& what) {
  return command.add_option(name, value, what)->check(value_fault);
}

std::optional<Seconds> parse_seconds(const std::string& text) {
  if (const auto count = config::parse_count(text); count && *count >= 0) return Seconds(*count);
  if (const auto duration = config::parse_duration(text)) return std::chrono::ceil<Seconds>(*duration);
  return std::nullopt;
}

std::string check_seconds(const std::string& text) {
  return parse_seconds(text) ? std::string() : "\"" + text + "\" isn't a number of seconds";
}

void add_wait(CLI::App& command, std::string& text, const char* what) {
  command.add_flag("--wait{forever}", text, what);
}

std::optional<Wait> wait_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "forever") return Wait{};
  const auto seconds = parse_seconds(text);
  if (!seconds) throw CLI::ValidationError("--wait", check_seconds(text));
  return Wait{seconds};
}

std::vector<std::string> joined_waits(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
    if (arguments[i] == "--wait" && parse_seconds(arguments[i + 1])) {
      arguments[i] += '=' + arguments[i + 1];
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  return {arguments.rbegin(), arguments.rend()};
}

}  // namespace batchd::ctl
