// Applies a fault to one result line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/dialect/lines.h"
#include "emulator/faults/faults.h"
#include "emulator/judge/ledger.h"

namespace batchd::emulator {

struct LineOutcome {
  std::vector<std::string> lines;  // lines for the result file, without '\n'
  bool success = false;
  Billed billed = Billed::billed;
  Delivered delivered = Delivered::response;
};

// Returns a result line with an error.
std::string error_line(const InputLine& input, int code, std::string_view message, bool as_status);

// Applies the fault to `outcome`, which has one good line. `foreign_key` is a key of another job's line.
void damage(const Rule& fault, const InputLine& input, std::string_view model, std::string_view foreign_key,
            LineOutcome& outcome);

}  // namespace batchd::emulator
