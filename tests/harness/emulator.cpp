#include "tests/harness/emulator.h"

#include <cstdio>
#include <stdexcept>

namespace batchd::harness {

Emulator::Emulator(const TempFolder& folder, const EmulatorSettings& settings) : ledger_(folder.file("ledger.jsonl")) {
  const auto port_file = folder.file("port");
  Command command{.binary = EMULATOR_BINARY,
                  .arguments = {"--port", "0", "--port-file", port_file, "--ledger", folder.file("ledger.jsonl"),
                                "--job-seconds", std::to_string(settings.job_seconds)},
                  .environment = {},
                  .output = folder.file("emulator.log")};
  if (!settings.faults.empty()) {
    write_file(folder.file("faults.json"), settings.faults);
    command.arguments.insert(command.arguments.end(), {"--faults", folder.file("faults.json")});
  }
  process_.emplace(Process::start(command));
  std::string port;
  eventually([&] {
    port = read_file(port_file);
    return !port.empty() || !process_->running();
  });
  if (port.empty()) throw std::runtime_error("the emulator didn't start: " + read_file(command.output));
  port.erase(port.find_last_not_of('\n') + 1);
  url_ = "http://127.0.0.1:" + port;
}

}  // namespace batchd::harness
