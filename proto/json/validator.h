// Is this one JSON value? Incremental, constant memory, depth-limited, UTF-8 checked. Everything that comes from
// outside passes here before anything else reads it (RapidJSON crashes on some inputs: CVE-2024-38517, deep nesting).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace batchd::json {

struct ValidatorLimits {
  std::size_t depth_max = 64;
  // Documents that RapidJSON will read: numbers of at most 64 bytes with an exponent of at most 4 digits.
  bool plain_numbers = false;
};

struct JsonFault {
  std::uint64_t offset = 0;  // of the byte that can't be, from 0
  std::string what;          // for people, without any of the input
};

// What a request's text weighs, for token estimates: string values, those of members called "data" (inline media)
// apart.
struct TextCensus {
  std::uint64_t text_bytes = 0;
  std::uint64_t media_parts = 0;
};

class Validator {
 public:
  explicit Validator(ValidatorLimits limits = {});
  ~Validator();
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) noexcept;

  bool feed(std::string_view fragment);  // false: faulty, see fault(); feed no more
  bool finish();                         // false: faulty, or the value isn't complete
  const JsonFault& fault() const;
  TextCensus census() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One whole document. Empty string: valid; else what is wrong, with the byte offset.
bool validate(std::string_view document, ValidatorLimits limits, JsonFault* fault = nullptr);

}  // namespace batchd::json
