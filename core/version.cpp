#include "core/version.h"

namespace batchd::core {

std::string_view version() { return BATCHD_VERSION; }

}  // namespace batchd::core
