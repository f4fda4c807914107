// The one place of batchctl that knows a provider's own objects: how a prompt is asked, and where the text of an answer
// is. All other requests and responses are passed on as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace batchd::ctl {

// Returns a request of generateContent that asks this.
std::string prompt_request(std::string_view prompt);

// Returns the joined text of the only candidate's parts; nullopt if there are several candidates, or parts other than
// text, or if the response is of another provider.
std::optional<std::string> answer_text(std::string_view response);

}  // namespace batchd::ctl
