// A page with something of everything on it, for tests and for pictures. `hostile`: what clients and providers can
// choose is markup.
#pragma once

#include "proto/page/admin_page.h"

namespace batchd::proto {

AdminPage sample_page(const std::string& hostile = {});

}  // namespace batchd::proto
