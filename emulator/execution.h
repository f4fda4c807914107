// Running a job's lines: what each one yields, what it costs, and what the faults make of it.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "emulator/faults.h"
#include "emulator/ledger.h"
#include "emulator/line_faults.h"
#include "emulator/lines.h"

namespace batchd::emulator {

// The job that lines belong to.
struct LineOwner {
  std::string_view job;
  std::string_view model;
  std::string_view foreign_key = {};  // of another job's line
  bool undelivered = false;           // whatever its lines yield, nobody will ever get it
};

class Execution {
 public:
  Execution(Faults& faults, Ledger& ledger) : faults_(faults), ledger_(ledger) {}

  // Executes one line and books it.
  LineOutcome run(std::string_view line, const LineOwner& owner);
  // Books a line of a job that ends without executing it.
  void book_unexecuted(std::string_view line, const LineOwner& owner);

 private:
  Faults& faults_;
  Ledger& ledger_;
  std::set<std::string> executed_;  // digests of prompts
};

}  // namespace batchd::emulator
