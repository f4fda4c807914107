#include <CLI/CLI.hpp>
#include <iostream>

#include "config/units.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"

namespace {

using namespace batchd;

// "30", "30s", "5m"
std::optional<ctl::Seconds> parse_seconds(const std::string& text) {
  if (const auto count = config::parse_count(text); count && *count >= 0) return ctl::Seconds(*count);
  if (const auto duration = config::parse_duration(text)) return std::chrono::ceil<ctl::Seconds>(*duration);
  return std::nullopt;
}

std::string check_seconds(const std::string& text) {
  return parse_seconds(text) ? std::string() : "\"" + text + "\" isn't a number of seconds";
}

struct Arguments {
  std::string socket, retry_for = "60", wait, timeout, id, batch, job, text;
  std::vector<std::string> ids;
  bool json = false, admin = false;
  ctl::SubmitOptions submit;
};

// "--wait 30" as well as "--wait=30": an option whose value may be left out only takes one after "=".
std::vector<std::string> joined_waits(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
    if (arguments[i] == "--wait" && parse_seconds(arguments[i + 1])) {
      arguments[i] += '=' + arguments[i + 1];
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  return {arguments.rbegin(), arguments.rend()};  // as CLI::App::parse takes them
}

void describe_submit(CLI::App& app, Arguments& a) {
  auto* submit = app.add_subcommand("submit", "Submit one request, or a file of them (POST /v1/requests)");
  submit->add_option("--model,-m", a.submit.model, "the model, such as gemini-2.5-flash")->required();
  submit->add_option("--key,-k", a.submit.key, "your own name for the request");
  auto* text = submit->add_option("text", a.text, "the prompt; - reads it from standard input");
  auto* body =
      submit->add_option("--body", a.submit.body_file, "a file with the provider's request object")->excludes(text);
  submit->add_option("--jsonl", a.submit.jsonl_file, "a file with a {\"key\",\"request\"} object on each line")
      ->excludes(text)
      ->excludes(body);
  submit->add_flag("--wait{forever}", a.wait, "wait for the result, for SECONDS if given: --wait=SECONDS");
}

void describe(CLI::App& app, Arguments& a) {
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "batchctl " BATCHD_VERSION);
  app.add_option("--socket", a.socket, "batchd's socket; else $BATCHD_SOCKET, else the configured one");
  app.add_option("--retry-for", a.retry_for, "seconds to keep trying when batchd goes away or is full")
      ->check(check_seconds);
  app.add_flag("--json", a.json, "print what the daemon sent, one JSON object per line");
  describe_submit(app, a);
  app.add_subcommand("get", "Show a request as it is now")->add_option("id", a.id)->required();
  auto* wait = app.add_subcommand("wait", "Wait for requests and show them, in the order given");
  wait->add_option("ids", a.ids)->required();
  wait->add_option("--timeout", a.timeout, "give up after so many seconds")->check(check_seconds);
  app.add_subcommand("status", "Your own numbers")->add_flag("--admin", a.admin, "the whole machine's");
  app.add_subcommand("attention", "Batches that wait for an operator, and what releases them");
  auto* adopt = app.add_subcommand("adopt", "Tell a held batch which job at the provider is its own");
  adopt->add_option("batch", a.batch)->required();
  adopt->add_option("job", a.job, "batches/...")->required();
  app.add_subcommand("requeue", "Send a held batch's requests again: only when no job of it can be running")
      ->add_option("batch", a.batch)
      ->required();
  app.add_subcommand("doctor", "Find out what is wrong, and what to do about it");
  app.add_subcommand("health", "Exit code 0 if batchd answers");
}

int run_submit(ctl::Session& session, Arguments& a, bool has_text) {
  if (has_text) a.submit.text = a.text;
  if (!a.wait.empty()) {
    a.submit.wait.emplace();
    if (a.wait != "forever") {
      a.submit.wait->limit = parse_seconds(a.wait);
      if (!a.submit.wait->limit) {
        session.console.talk(check_seconds(a.wait));
        return ctl::kUsage;
      }
    }
  }
  if (!a.submit.jsonl_file.empty()) return ctl::submit_jsonl(session, a.submit);
  if (has_text || !a.submit.body_file.empty()) return ctl::submit(session, a.submit);
  session.console.talk("nothing to submit: give a text, - for standard input, --body FILE or --jsonl FILE");
  return ctl::kUsage;
}

int run(const CLI::App& app, Arguments& a) {
  const auto environment = config::process_environment();
  ctl::Session session(ctl::choose_socket(a.socket, environment), a.json);
  session.retry_for = parse_seconds(a.retry_for).value_or(session.retry_for);
  const auto* command = app.get_subcommands().front();
  const auto& name = command->get_name();
  int code = ctl::kUsage;
  if (name == "submit") code = run_submit(session, a, command->count("text") > 0);
  if (name == "get") code = ctl::get(session, a.id);
  if (name == "wait") code = ctl::wait_for(session, a.ids, {parse_seconds(a.timeout)});
  if (name == "status") code = a.admin ? ctl::admin_status(session) : ctl::status(session);
  if (name == "attention") code = ctl::attention(session);
  if (name == "adopt") code = ctl::adopt(session, a.batch, a.job);
  if (name == "requeue") code = ctl::requeue(session, a.batch);
  if (name == "doctor") code = ctl::doctor(session, ctl::config_path(environment), environment);
  if (name == "health") code = ctl::health(session);
  if (session.console.flush()) return code;
  session.console.talk("standard output can't be written");
  return ctl::kTryLater;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The command-line client of batchd.", "batchctl");
  Arguments arguments;
  describe(app, arguments);
  try {
    app.parse(joined_waits(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : ctl::kUsage;
  }
  return run(app, arguments);
}
