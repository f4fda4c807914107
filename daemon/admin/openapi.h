// The description of the API.
#pragma once

#include <string_view>

namespace batchd::daemon {

// Returns docs/openapi.json as it was when batchd was built.
std::string_view openapi_document();

}  // namespace batchd::daemon
