// docs/openapi.json, as it was when this was built.
#pragma once

#include <string_view>

namespace batchd::daemon {

std::string_view openapi_document();

}  // namespace batchd::daemon
