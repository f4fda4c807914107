#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "emulator/emulator.h"
#include "emulator/faults/fault_table.h"
#include "emulator/judge/audit.h"

namespace {

using namespace batchd::emulator;

constexpr const char* kDescription =
    "gemini-emulator: a stand-in for the Gemini API's Files and Batch Mode on this machine.\n"
    "Point a client's base URL at the address it prints; any API key will do, nothing is sent\n"
    "anywhere and nothing costs money. Every prompt is answered with \"echo: \" and the prompt,\n"
    "every text to embed with numbers made from it.\n"
    "All state is in memory and ends with the process.";

constexpr const char* kFooter =
    "Examples:\n"
    "  gemini-emulator --port 8081\n"
    "  gemini-emulator --port 0 --port-file port.txt --job-seconds 0.2 --ledger ledger.jsonl\n"
    "  curl -H 'x-goog-api-key: any' http://127.0.0.1:8081/v1beta/models\n"
    "  gemini-emulator --list-faults\n"
    "  gemini-emulator audit ledger.jsonl in.jsonl\n"
    "Fault and ledger files are described in docs/emulator.md.";

constexpr int kUsageError = 64;

// Readers of the port file see either no file or the whole port.
void write_port_file(const std::string& path, std::uint16_t port) {
  const auto scratch = path + ".new";
  std::ofstream out(scratch);
  out << port << '\n';
  out.close();
  if (!out) throw std::runtime_error("can't write " + scratch);
  std::filesystem::rename(scratch, path);
}

// Every connection and every large file holds a descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const Options& options, const std::string& port_file) {
  raise_descriptor_limit();
  asio::io_context context(1);
  Emulator emulator(context, options);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (!error) emulator.stop();
  });
  std::printf("listening on http://127.0.0.1:%u\n", static_cast<unsigned>(emulator.port()));
  std::fflush(stdout);
  if (!port_file.empty()) write_port_file(port_file, emulator.port());
  context.run();
  return 0;
}

int list_faults() {
  std::fputs(fault_list().c_str(), stdout);
  return 0;
}

int check_faults(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    const auto file = load_fault_file(path);
    std::printf("%s: %zu rules", path.c_str(), file.rules.size());
    if (!file.refusals.empty()) std::printf(", %zu refusals", file.refusals.size());
    std::printf("\n");
  }
  return 0;
}

constexpr int kTrouble = 1;
constexpr int kAuditUsage = 64;
constexpr int kAuditInput = 66;

// `gemini-emulator audit LEDGER EXPECTED`: reads what another process wrote, and serves nothing.
int audit_main(int argc, char** argv) {
  std::string ledger;
  std::string expected;
  bool as_json = false;
  CLI::App app(
      "gemini-emulator audit: was each of these prompts paid for once, and its result fetched?\n"
      "Exit codes: 0 clean; 1 something is lost, billed twice, unknown, or an orphan;\n"
      "64 wrong usage; 66 a file can't be read or isn't what it should be.",
      "gemini-emulator audit");
  app.add_option("LEDGER", ledger, "What --ledger has written")->required();
  app.add_option(
         "EXPECTED", expected,
         "The prompts, one a line: a line of a batch's input {\"key\",\"request\"}, or the prompt's SHA-256 in hex")
      ->required();
  app.add_flag("--json", as_json, "One JSON object, with every prompt and job that is in trouble");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kAuditUsage;
  }
  try {
    const auto verdict = audit(ledger, expected);
    std::fputs((as_json ? audit_json(verdict) : audit_text(verdict)).c_str(), stdout);
    return verdict.clean() ? 0 : kTrouble;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gemini-emulator audit: %s\n", e.what());
    return kAuditInput;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "audit") return audit_main(argc - 1, argv + 1);
  Options options;
  std::string port_file;
  std::vector<std::string> switches;
  CLI::App app(kDescription, "gemini-emulator");
  app.footer("Switches (--switch NAME=VALUE; the first value is the default):\n" + switches_help() + "\n" + kFooter);
  app.set_version_flag("--version", "gemini-emulator " BATCHD_VERSION);
  std::vector<std::string> checked;
  bool lists = false;
  auto* port = app.add_option("--port", options.port, "Port on 127.0.0.1 to listen on; 0 takes any free one");
  app.add_option("--job-seconds", options.job_seconds, "How long a batch job takes; may be fractional, such as 0.2")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--file-seconds", options.file_seconds, "How long files live")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--max-jobs", options.max_jobs, "Live jobs per project; a create beyond is answered 429")
      ->capture_default_str();
  app.add_option(
         "--tier", options.tier,
         "Prompt tokens in live jobs per project and model as for projects of this tier of the provider; a create "
         "beyond is answered 429; 0: any number")
      ->capture_default_str()
      ->check(CLI::Range(0, kTierMax));
  app.add_option("--max-enqueued-tokens", options.max_enqueued_tokens,
                 "So many for every model, whatever its tier; 0: any number")
      ->type_name("N");
  app.add_option("--max-file-bytes", options.max_file_bytes, "Bytes of one uploaded file; more is answered 400")
      ->capture_default_str();
  app.add_option("--max-storage-bytes", options.max_storage_bytes,
                 "Bytes of all files of a project, results among them; an upload beyond is answered 429")
      ->capture_default_str();
  app.add_option("--faults", options.fault_file, "JSON file that says which calls, lines and jobs go wrong")
      ->type_name("FILE");
  app.add_option("--ledger", options.ledger_file, "Append one JSON line per event here: what was executed and billed")
      ->type_name("FILE");
  app.add_option("--port-file", port_file, "Write the port here once calls are accepted")->type_name("FILE");
  app.add_option("--refuse-mime", options.refused_mimes, "Answer uploads of this type with \"Unsupported MIME type\"")
      ->type_name("TYPE");
  app.add_option("--switch", switches, "Behaviour that nobody has documented, see below; may be repeated")
      ->type_name("NAME=VALUE");
  app.add_option("--check-faults", checked, "Only say whether these fault files are right")->type_name("FILE");
  app.add_flag("--list-faults", lists, "Only print every fault: what it watches, its name, and a rule in full");
  CLI11_PARSE(app, argc, argv);
  try {
    for (const auto& setting : switches) options.switches.push_back(switch_setting(setting));
    Switches().set(options.switches);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gemini-emulator: %s\n", e.what());
    return kUsageError;
  }
  try {
    if (lists) return list_faults();
    if (!checked.empty()) return check_faults(checked);
    if (port->empty()) throw std::runtime_error("--port is required");
    return run(options, port_file);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gemini-emulator: %s\n", e.what());
    return 1;
  }
}
