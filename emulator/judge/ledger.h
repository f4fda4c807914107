// The ledger of what happened and what it cost: JSON lines, each in the file before the call returns
// (docs/emulator.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/faults/faults.h"

namespace batchd::emulator {

enum class Billed { billed, not_billed, withheld };
std::string_view billed_text(Billed billed);

// What the result file has for a line.
enum class Delivered { response, error, damaged, nothing };
std::string_view delivered_text(Delivered delivered);

class Ledger {
 public:
  using Texts = std::vector<std::pair<std::string_view, std::string_view>>;
  using Numbers = std::vector<std::pair<std::string_view, std::int64_t>>;

  explicit Ledger(const std::string& path);  // an empty path writes nothing; throws std::runtime_error
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  bool kept() const { return fd_ >= 0; }
  void write(std::string_view event, const Texts& texts, const Numbers& numbers = {});
  void fault(On on, const Rule& rule, const Texts& hit);  // a rule was applied to `hit`
  void line(std::string_view job, std::string_view key, std::string_view prompt_sha256, Billed billed,
            Delivered delivered);

 private:
  int fd_ = -1;
};

}  // namespace batchd::emulator
