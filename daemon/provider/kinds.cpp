#include "daemon/provider/kinds.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "proto/gemini/gemini.h"

namespace batchd::daemon {

ProviderKinds::ProviderKinds(std::vector<ProviderKind> kinds) {
  for (auto& kind : kinds) add(std::move(kind));
}

void ProviderKinds::add(ProviderKind kind) {
  CHECK(find(kind.name) == nullptr);
  kinds_.push_back(std::move(kind));
}

const ProviderKind* ProviderKinds::find(std::string_view name) const {
  const auto found = std::ranges::find(kinds_, name, &ProviderKind::name);
  return found == kinds_.end() ? nullptr : &*found;
}

std::vector<std::string> ProviderKinds::names() const {
  std::vector<std::string> names;
  for (const auto& kind : kinds_) names.push_back(kind.name);
  return names;
}

ProviderKinds released_kinds() {
  return ProviderKinds({
      {"gemini", [] { return proto::make_gemini(); }},
  });
}

}  // namespace batchd::daemon
