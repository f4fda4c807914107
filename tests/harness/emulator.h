// gemini-emulator as a child process, on a port of its own, with a ledger.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/harness/ledger.h"
#include "tests/harness/process.h"
#include "tests/harness/temp_folder.h"

namespace batchd::harness {

struct EmulatorSettings {
  double job_seconds = 0.2;
  std::string faults;                  // a fault file's text (docs/emulator.md); empty if none
  std::vector<std::string> arguments;  // more options
};

class Emulator {
 public:
  // Returns when the emulator answers calls. Throws std::runtime_error if that doesn't happen.
  Emulator(const TempFolder& folder, const EmulatorSettings& settings);

  std::string url() const { return url_; }
  Ledger& ledger() { return ledger_; }
  Process& process() { return *process_; }
  // Makes a POST, to cancel a job or to change the faults. Returns the answer's status, 0 if there was no answer.
  int post(const std::string& target, const std::string& body);

 private:
  Ledger ledger_;
  std::optional<Process> process_;
  std::string url_;
  int port_ = 0;
};

}  // namespace batchd::harness
