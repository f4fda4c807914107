// Reads the emulator's ledger: what was executed, and what it cost.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::harness {

struct LedgerRow {
  std::string event;  // job, line, end, fault, upload, download, delete, ...
  std::string job, key, prompt_sha256, billed;
  std::string file, token;
  std::string on, action;  // of a fault
  std::int64_t lines = 0;  // of a job
  std::string delivered;   // of a line: response, error, damaged, nothing
};

class Ledger {
 public:
  explicit Ledger(std::string path) : path_(std::move(path)) {}

  // Returns all rows so far, in order; reads those that were added since the last call. Only complete rows are
  // returned.
  const std::vector<LedgerRow>& rows();
  std::size_t count(std::string_view event);
  std::size_t count_faults(std::string_view on, std::string_view action);
  // Returns how many line rows of this kind ("billed", "not billed", "withheld") each prompt's digest has.
  std::map<std::string, int> lines(std::string_view billed);

 private:
  std::string path_;
  std::streamoff read_ = 0;
  std::vector<LedgerRow> rows_;
};

std::string prompt_digest(std::string_view prompt);  // as the ledger writes it

}  // namespace batchd::harness
