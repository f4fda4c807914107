// What the account's provider makes of a submission's options: which lane it goes to, and how its request is read.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/provider.h"
#include "core/types.h"
#include "daemon/engine/engine.h"
#include "proto/api/api.h"

namespace batchd::daemon {

// Returns the lane of a submission, or the problem: unknown_account, bad_endpoint, bad_model.
std::variant<core::Lane, proto::Problem> lane_of(Engine& engine, const proto::Submission& submission);

// Returns how requests of a lane that lane_of() has returned are read. Lives as long as the account.
const core::RequestRules& rules_of(Engine& engine, const core::Lane& lane);
// The same for an account and endpoint (empty: its default) that a caller has named; null if one doesn't exist.
const core::RequestRules* find_rules(Engine& engine, const std::string& account, const std::string& endpoint);
// Returns the rules of the default account, or, if it isn't configured, of any other; rules without media if there is
// no account.
const core::RequestRules& usual_rules(Engine& engine);

// Returns a model as the lanes of this account (empty: of any account) name it; `text` if no provider knows it.
std::string lane_model(Engine& engine, const std::string& account, std::string_view text);

}  // namespace batchd::daemon
