// Running a job's lines: what each one yields, what it costs, and what the faults make of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "emulator/base/switches.h"
#include "emulator/dialect/lines.h"
#include "emulator/faults/faults.h"
#include "emulator/jobs/line_faults.h"
#include "emulator/judge/ledger.h"

namespace batchd::emulator {

// The job that lines belong to.
struct LineOwner {
  std::string_view job;
  std::string_view model;
  std::string_view foreign_key = {};  // of another job's line
  bool inlined = false;               // its lines are items of its own document
  bool undelivered = false;           // whatever its lines yield, nobody will ever get it
};

class Execution {
 public:
  Execution(Faults& faults, Ledger& ledger, const Switches& switches)
      : faults_(faults), ledger_(ledger), switches_(switches) {}

  // Executes one line and books it.
  LineOutcome run(std::string_view line, const LineOwner& owner);
  // Books a line of a job that ends without executing it.
  void book_unexecuted(std::string_view line, const LineOwner& owner);

 private:
  InputLine fresh(const LineOwner& owner) const;
  bool first_time(std::string_view digest);  // this prompt is executed
  Billed booked(Billed billed) const;

  Faults& faults_;
  Ledger& ledger_;
  const Switches& switches_;
  std::unordered_set<std::uint64_t> executed_;  // of each prompt the beginning of its digest
};

}  // namespace batchd::emulator
