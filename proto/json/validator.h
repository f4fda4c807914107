// Checks that bytes are one JSON value: incremental, constant memory, limited depth, UTF-8 checked. Everything that
// comes from outside is checked here before anything else reads it (RapidJSON crashes on some inputs: CVE-2024-38517,
// deep nesting).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace batchd::json {

struct ValidatorLimits {
  std::size_t depth_max = 64;
  // For documents that RapidJSON will read: numbers may have at most 64 bytes, and exponents at most 4 digits.
  bool plain_numbers = false;
  // Some readers refuse longer numbers: Python takes whole ones of 4,300 digits at most.
  std::size_t number_bytes_max = std::numeric_limits<std::size_t>::max();
};

struct JsonFault {
  std::uint64_t offset = 0;  // of the first byte that isn't allowed, from 0
  std::string what;          // for people; contains none of the input
  std::string_view opening;  // what the text begins like instead (opening_fault()); empty if like JSON. Is static
};
// Returns the fault in words: "not JSON at byte 7: a value is expected", or "the body is UTF-16: convert ...", where
// `text` is "the body".
std::string not_json(const JsonFault& fault, std::string_view text = "the text");

class Validator {
 public:
  explicit Validator(ValidatorLimits limits = {});
  ~Validator();
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) noexcept;

  bool feed(std::string_view fragment);  // false if faulty: see fault(), feed no more
  bool finish();                         // false if faulty or if the value isn't complete
  const JsonFault& fault() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Returns true if `document` is one whole JSON value; else, if `fault` isn't null, sets it to what is wrong and where.
bool validate(std::string_view document, ValidatorLimits limits, JsonFault* fault = nullptr);

}  // namespace batchd::json
