// The kinds of providers that an account can have: `accounts.NAME.kind` names one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/provider.h"

namespace batchd::daemon {

struct ProviderKind {
  std::string name;                                       // 1 to 32 characters of a-z, 0-9, - and _
  std::function<std::unique_ptr<core::Provider>()> make;  // never returns null
};

// A list of kinds, in order; their names differ.
class ProviderKinds {
 public:
  explicit ProviderKinds(std::vector<ProviderKind> kinds);

  void add(ProviderKind kind);
  // Returns null if there is no such kind. The pointer is good until the next add().
  const ProviderKind* find(std::string_view name) const;
  std::vector<std::string> names() const;  // for config::load()

 private:
  std::vector<ProviderKind> kinds_;
};

// Returns the kinds that are released. A new vendor is a folder in proto/ and a line in this function.
ProviderKinds released_kinds();

}  // namespace batchd::daemon
