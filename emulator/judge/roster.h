// Which prompts a job was made with, for the ledger: it knows them even if the job never comes to its lines.
#pragma once

#include <string_view>

#include "emulator/base/blob.h"
#include "emulator/dialect/lines.h"
#include "emulator/judge/ledger.h"
#include "emulator/server/net.h"

namespace batchd::emulator {

class Roster {
 public:
  explicit Roster(const Ledger& ledger) : kept_(ledger.kept()) {}  // remembers nothing if nobody wants to know

  void add(const InputLine& line);
  // One `request` row for each line.
  Task<void> write(Ledger& ledger, std::string_view job) const;

 private:
  bool kept_;
  Blob rows_;  // a job may have more lines than fit into memory
};

}  // namespace batchd::emulator
