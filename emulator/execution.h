// Running a job's lines: what each one yields, what it costs, and what the faults make of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "emulator/faults.h"
#include "emulator/ledger.h"
#include "emulator/lines.h"
#include "emulator/switches.h"

namespace batchd::emulator {

struct LineOutcome {
  std::vector<std::string> lines;  // what the result file gets, without '\n'
  bool success = false;
};

class Execution {
 public:
  Execution(Faults& faults, Ledger& ledger, const Switches& switches)
      : faults_(faults), ledger_(ledger), switches_(switches) {}

  // Executes one line and books it. `foreign_key`: a key of another job's line.
  LineOutcome run(std::string_view line, std::string_view job, std::string_view model, std::string_view foreign_key,
                  bool inlined);
  // Books a line of a job that ends without executing it.
  void book_unexecuted(std::string_view line, std::string_view job, std::string_view model, bool inlined);

 private:
  LineOutcome deliver(const InputLine& input, std::string_view model, const Rule* fault, std::string_view foreign_key,
                      Billed& billed) const;

  InputLine fresh(bool inlined) const;
  bool first_time(std::string_view digest);  // this prompt is executed
  Billed booked(Billed billed) const;

  Faults& faults_;
  Ledger& ledger_;
  const Switches& switches_;
  std::unordered_set<std::uint64_t> executed_;  // of each prompt the beginning of its digest
};

}  // namespace batchd::emulator
