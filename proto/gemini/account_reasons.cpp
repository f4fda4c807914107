#include "proto/gemini/account_reasons.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace batchd::proto {
namespace {

// google.api.ErrorReason, without what is about rates and quotas or about a single resource.
constexpr std::array<std::string_view, 21> kAccountReasons{"API_KEY_INVALID",
                                                           "API_KEY_EXPIRED",
                                                           "API_KEY_SERVICE_BLOCKED",
                                                           "API_KEY_HTTP_REFERRER_BLOCKED",
                                                           "API_KEY_IP_ADDRESS_BLOCKED",
                                                           "API_KEY_ANDROID_APP_BLOCKED",
                                                           "API_KEY_IOS_APP_BLOCKED",
                                                           "SERVICE_DISABLED",
                                                           "SERVICE_NOT_VISIBLE",
                                                           "BILLING_DISABLED",
                                                           "CONSUMER_INVALID",
                                                           "CONSUMER_SUSPENDED",
                                                           "GCP_SUSPENDED",
                                                           "USER_PROJECT_DENIED",
                                                           "USER_BLOCKED_BY_ADMIN",
                                                           "ACCOUNT_STATE_INVALID",
                                                           "CREDENTIALS_MISSING",
                                                           "ACCESS_TOKEN_EXPIRED",
                                                           "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                                                           "ACCESS_TOKEN_TYPE_UNSUPPORTED",
                                                           "LOCATION_TAX_POLICY_VIOLATED"};

}  // namespace

bool blames_account(const ProviderError& error) {
  return std::ranges::any_of(error.reasons, [](const std::string& reason) {
    return std::ranges::find(kAccountReasons, reason) != kAccountReasons.end();
  });
}

bool sounds_like_bad_key(const ProviderError& error) {
  return error.message.starts_with("API key not valid") || error.message.starts_with("API key expired");
}

}  // namespace batchd::proto
