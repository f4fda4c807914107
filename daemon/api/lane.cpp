#include "daemon/api/lane.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/limits.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {
namespace {

// "a", "a or b", "a, b or c"
std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

// Returns null if the provider doesn't take this endpoint.
const std::string* find_endpoint(const core::Provider& provider, const std::string& wanted) {
  const auto& endpoints = provider.caps().endpoints;
  const auto found = wanted.empty() ? endpoints.begin() : std::ranges::find(endpoints, wanted);
  return found == endpoints.end() ? nullptr : &*found;
}

}  // namespace

std::variant<core::Lane, Problem> lane_of(Engine& engine, const proto::Submission& submission) {
  const auto* account = engine.accounts.find(submission.account);
  if (account == nullptr) return unknown_account(submission.account);
  const auto& provider = *account->provider;
  const auto* endpoint = find_endpoint(provider, submission.endpoint);
  if (endpoint == nullptr)
    return make_problem(400, "bad_endpoint", "\"endpoint\" can be " + alternatives(provider.caps().endpoints));
  auto model = provider.model_name(submission.model);
  if (!model || model->empty() || model->size() > core::kModelBytesMax)
    return make_problem(400, "bad_model", "\"model\" must be a model's name");
  return core::Lane{submission.account, *endpoint, std::move(*model)};
}

const core::RequestRules& rules_of(Engine& engine, const core::Lane& lane) {
  const auto* account = engine.accounts.find(lane.account);
  CHECK(account != nullptr);
  return account->provider->request_rules(lane.endpoint);
}

const core::RequestRules* find_rules(Engine& engine, const std::string& account, const std::string& endpoint) {
  const auto* found = engine.accounts.find(account);
  if (found == nullptr) return nullptr;
  const auto* known = find_endpoint(*found->provider, endpoint);
  return known == nullptr ? nullptr : &found->provider->request_rules(*known);
}

const core::RequestRules& usual_rules(Engine& engine) {
  static const core::RequestRules kNone;
  if (const auto* rules = find_rules(engine, proto::Submission().account, "")) return *rules;
  for (const auto& [name, account] : engine.accounts.all())
    if (const auto* rules = find_rules(engine, name, "")) return *rules;
  return kNone;
}

// With several kinds of providers and no account, the one that makes another text of it has recognised the model.
std::string lane_model(Engine& engine, const std::string& account, std::string_view text) {
  for (const auto& [name, known] : engine.accounts.all()) {
    if (!account.empty() && account != name) continue;
    const auto model = known->provider->model_name(text);
    if (model && *model != text) return *model;
  }
  return std::string(text);
}

}  // namespace batchd::daemon
