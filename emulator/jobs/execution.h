// Executes a job's lines: each one's result and cost, and the faults applied to it.
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
  std::string_view foreign_key = {};  // key of another job's line
  bool from_body = false;             // its lines came in a create's body
  bool inlined = false;               // its results are items of its own document
  bool undelivered = false;           // results of its lines can never be fetched
};

class Execution {
 public:
  Execution(Faults& faults, Ledger& ledger, const Switches& switches)
      : faults_(faults), ledger_(ledger), switches_(switches) {}

  // Executes one line and writes it to the ledger.
  LineOutcome run(std::string_view line, const LineOwner& owner);
  // Returns the error with code 13 that stands for a line of a cancelled job that wasn't executed.
  LineOutcome leave_out(std::string_view line, const LineOwner& owner);
  // Writes a line to the ledger that its job ends without executing.
  void book_unexecuted(std::string_view line, const LineOwner& owner);

 private:
  InputLine fresh(const LineOwner& owner) const;
  bool first_time(std::string_view digest);  // true if this prompt wasn't executed before
  Billed booked(Billed billed) const;

  Faults& faults_;
  Ledger& ledger_;
  const Switches& switches_;
  std::unordered_set<std::uint64_t> executed_;  // the beginning of each prompt's digest
};

}  // namespace batchd::emulator
