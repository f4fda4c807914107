#include "ctl/answers/accounts.h"

#include "ctl/answers/document.h"

namespace batchd::ctl {

std::vector<AccountState> accounts_of(std::string_view status) {
  std::vector<AccountState> all;
  const auto document = read_document(status);
  const auto& accounts = member(document, "accounts");
  if (!accounts.IsArray()) return all;
  for (const auto& account : accounts.GetArray()) {
    const auto words = [&](const char* name) { return std::string(text(member(account, name))); };
    all.push_back({words("name"), member(account, "healthy").IsTrue(), words("key"), words("detail")});
  }
  return all;
}

}  // namespace batchd::ctl
