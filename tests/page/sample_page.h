// A page with an example of everything, for tests and for pictures. With `hostile`, texts that clients and providers
// can choose are markup.
#pragma once

#include "proto/page/admin_page.h"

namespace batchd::proto {

AdminPage sample_page(const std::string& hostile = {});

}  // namespace batchd::proto
