// The providers that a World can be about, each with its fake.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/provider.h"
#include "core/types.h"
#include "tests/fictitious/fake_provider.h"

namespace batchd::daemon::testing {

struct Vendor {
  std::string name;
  core::Lane lane;
  std::unique_ptr<core::Provider> (*make)();
  std::unique_ptr<fictitious::FakeProvider> (*make_fake)();
};

const Vendor& gemini_vendor();
const Vendor& depot_vendor();
const Vendor& courier_vendor();
std::vector<const Vendor*> all_vendors();

}  // namespace batchd::daemon::testing
