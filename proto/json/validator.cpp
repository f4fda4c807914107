#include "proto/json/validator.h"

#include "proto/json/grammar.h"
#include "proto/json/opening.h"

namespace batchd::json {

struct Validator::Impl {
  explicit Impl(const ValidatorLimits& limits) : grammar(limits) {}

  bool fail(std::string_view what) {
    fault = {fed, std::string(what), opening_fault(opening)};
    faulty = true;
    return false;
  }

  Grammar grammar;
  std::string opening;
  std::uint64_t fed = 0;
  bool faulty = false;
  JsonFault fault;
};

Validator::Validator(ValidatorLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
Validator::~Validator() = default;
Validator::Validator(Validator&&) noexcept = default;
Validator& Validator::operator=(Validator&&) noexcept = default;

bool Validator::feed(std::string_view fragment) {
  if (impl_->faulty) return false;
  auto& opening = impl_->opening;
  if (opening.size() < kOpeningBytes) opening += fragment.substr(0, kOpeningBytes - opening.size());
  const auto good = impl_->grammar.take(fragment);
  impl_->fed += good;
  return good == fragment.size() || impl_->fail(impl_->grammar.fault());
}

bool Validator::finish() {
  if (impl_->faulty) return false;
  return impl_->grammar.complete() || impl_->fail("the value isn't complete");
}

const JsonFault& Validator::fault() const { return impl_->fault; }

std::string not_json(const JsonFault& fault, std::string_view text) {
  if (!fault.opening.empty()) return std::string(text) + ' ' + std::string(fault.opening);
  return "not JSON at byte " + std::to_string(fault.offset) + ": " + fault.what;
}

bool validate(std::string_view document, ValidatorLimits limits, JsonFault* fault) {
  Validator validator(limits);
  const bool valid = validator.feed(document) && validator.finish();
  if (!valid && fault != nullptr) *fault = validator.fault();
  return valid;
}

}  // namespace batchd::json
