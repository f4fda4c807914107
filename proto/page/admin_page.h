// GET /admin/: the state of the whole daemon on one page, for a browser. No script, nothing loaded from elsewhere;
// every text that a client or a provider chose is escaped.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proto/api/status.h"

namespace batchd::proto {

struct AdminPage {
  AdminStatus status;
  Attention attention;
  std::vector<core::Batch> batches;                  // the latest, newest first
  std::optional<std::chrono::seconds> refresh = {};  // nullopt: only when the reader reloads the page
};
std::string admin_page(const AdminPage& page);

// Returns the page's Content-Security-Policy: it may use its own style, and nothing else.
std::string_view admin_page_policy();

}  // namespace batchd::proto
