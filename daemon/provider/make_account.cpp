#include "daemon/provider/make_account.h"

#include <algorithm>

#include "core/check.h"
#include "daemon/net/log.h"
#include "proto/gemini/gemini.h"
#include "proto/json/digest.h"

namespace batchd::daemon {

namespace {

struct ProviderKind {
  std::string_view name;  // accounts.NAME.kind
  std::unique_ptr<core::Provider> (*make)();
};
constexpr ProviderKind kKinds[] = {{"gemini", [] { return proto::make_gemini({}); }}};

}  // namespace

std::unique_ptr<core::Provider> make_provider(const config::Account& settings) {
  const auto kind = std::ranges::find(kKinds, settings.kind, &ProviderKind::name);
  CHECK(kind != std::end(kKinds));  // config::check() takes no other
  return kind->make();
}

std::unique_ptr<HttpsLink> make_link(Executor executor, const config::Account& settings,
                                     const core::Provider& provider) {
  return make_https_client(executor, {.base_url = settings.base_url,
                                      .credential_header = provider.caps().credential_header,
                                      .credential = "",
                                      .ca_file = settings.ca_file,
                                      .connect_timeout = settings.connect_timeout,
                                      .answer_timeout = settings.answer_timeout,
                                      .stall_timeout = settings.stall_timeout});
}

std::unique_ptr<Account> make_account(Executor executor, const std::string& name, const config::Account& settings,
                                      const config::Environment& environment, core::WallTime now) {
  auto account = std::make_unique<Account>();
  account->name = name;
  account->provider = make_provider(settings);
  account->budget = settings.budget();
  auto link = make_link(executor, settings, *account->provider);
  account->reload = [&settings, &environment, client = link.get()](Account& own) -> core::Result<void> {
    const auto key = config::read_api_key(own.name, settings, environment);
    own.without_key = !key && key.error().code == core::Errc::not_found && own.credential.empty();
    if (!key) return key.error();
    const auto fingerprint = json::fingerprint(*key);
    if (fingerprint == own.credential) return {};
    if (!client->set_credential(*key)) return core::Error{core::Errc::invalid, "the API key can't be sent in a header"};
    own.credential = fingerprint;
    log_event(LogLevel::info, "key_read", {{"account", own.name}});
    return {};
  };
  account->link = std::move(link);
  if (const auto key = account->reload(*account); !key) {
    log_event(LogLevel::error, "account_without_key", {{"account", name}, {"detail", key.error().detail}});
    account->trouble = key.error().detail;  // paused() then looks for a key again and again
    account->troubled_since = now;
  }
  return account;
}

}  // namespace batchd::daemon
