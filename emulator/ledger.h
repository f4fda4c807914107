// What happened and what it cost: JSON lines, appended, each in the file before the call returns (docs/emulator.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::emulator {

enum class Billed { billed, not_billed, withheld };
std::string_view billed_text(Billed billed);

class Ledger {
 public:
  using Texts = std::vector<std::pair<std::string_view, std::string_view>>;
  using Numbers = std::vector<std::pair<std::string_view, std::int64_t>>;

  explicit Ledger(const std::string& path);  // empty: writes nothing. Throws std::runtime_error: can't be opened
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  void write(std::string_view event, const Texts& texts, const Numbers& numbers = {});
  void line(std::string_view job, std::string_view key, std::string_view prompt_sha256, Billed billed);

 private:
  int fd_ = -1;
};

}  // namespace batchd::emulator
