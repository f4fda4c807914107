// Remembers a job's prompts for the ledger, so that it has them even if the job never executes its lines.
#pragma once

#include <string_view>

#include "emulator/base/blob.h"
#include "emulator/dialect/lines.h"
#include "emulator/judge/ledger.h"
#include "emulator/server/net.h"

namespace batchd::emulator {

class Roster {
 public:
  explicit Roster(const Ledger& ledger) : kept_(ledger.kept()) {}  // remembers nothing if no ledger is written

  void add(const InputLine& line);
  // Writes one `request` row for each line.
  Task<void> write(Ledger& ledger, std::string_view job) const;

 private:
  bool kept_;
  Blob rows_;  // a job may have more lines than fit into memory
};

}  // namespace batchd::emulator
