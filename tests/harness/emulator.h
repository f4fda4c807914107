// gemini-emulator as a child process, on a port of its own, with a ledger.
#pragma once

#include <optional>
#include <string>

#include "tests/harness/ledger.h"
#include "tests/harness/process.h"
#include "tests/harness/temp_folder.h"

namespace batchd::harness {

struct EmulatorSettings {
  double job_seconds = 0.2;
  std::string faults;  // a fault file's text (docs/emulator.md); empty: none
};

class Emulator {
 public:
  // Returns when calls are answered. Throws std::runtime_error if that doesn't happen.
  Emulator(const TempFolder& folder, const EmulatorSettings& settings);

  std::string url() const { return url_; }
  Ledger& ledger() { return ledger_; }
  Process& process() { return *process_; }

 private:
  Ledger ledger_;
  std::optional<Process> process_;
  std::string url_;
};

}  // namespace batchd::harness
