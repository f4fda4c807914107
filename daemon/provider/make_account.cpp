#include "daemon/provider/make_account.h"

#include <stdexcept>
#include <utility>

#include "daemon/net/log.h"
#include "proto/json/digest.h"

namespace batchd::daemon {

std::unique_ptr<core::Provider> make_provider(const ProviderKinds& kinds, const config::Account& settings) {
  const auto* kind = kinds.find(settings.kind);
  if (kind == nullptr) throw std::invalid_argument("there is no provider of kind " + settings.kind);
  return kind->make();
}

std::string base_url_of(const config::Account& settings, const core::Provider& provider) {
  return settings.base_url.empty() ? provider.caps().base_url : settings.base_url;
}

std::unique_ptr<HttpsLink> make_link(Executor executor, const config::Account& settings,
                                     const core::Provider& provider) {
  HttpsClientConfig client;
  client.base_url = base_url_of(settings, provider);
  client.credential_header = provider.caps().credential_header;
  client.headers = provider.caps().headers;
  client.key_prefixes = provider.caps().key_prefixes;
  client.ca_file = settings.ca_file;
  client.connect_timeout = settings.connect_timeout;
  client.answer_timeout = settings.answer_timeout;
  client.stall_timeout = settings.stall_timeout;
  return make_https_client(executor, std::move(client));
}

std::unique_ptr<Account> make_account(Executor executor, const std::string& name, const config::Account& settings,
                                      const config::Environment& environment, const ProviderKinds& kinds,
                                      core::WallTime now) {
  auto account = std::make_unique<Account>();
  account->name = name;
  account->kind = settings.kind;
  account->provider = make_provider(kinds, settings);
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
