// Running a job's lines: what each one yields, what it costs, and what the faults make of it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/faults.h"
#include "emulator/ledger.h"
#include "emulator/lines.h"

namespace batchd::emulator {

struct LineOutcome {
  std::vector<std::string> lines;  // what the result file gets, without '\n'
  bool success = false;
};

class Execution {
 public:
  Execution(Faults& faults, Ledger& ledger) : faults_(faults), ledger_(ledger) {}

  // Executes one line and books it. `foreign_key`: a key of another job's line.
  LineOutcome run(std::string_view line, std::string_view job, std::string_view model, std::string_view foreign_key);
  // Books a line of a job that ends without executing it.
  void book_unexecuted(std::string_view line, std::string_view job, std::string_view model);

 private:
  LineOutcome deliver(const InputLine& input, std::string_view model, const Rule* fault, std::string_view foreign_key,
                      Billed& billed) const;

  Faults& faults_;
  Ledger& ledger_;
  std::set<std::string> executed_;  // digests of prompts
};

}  // namespace batchd::emulator
