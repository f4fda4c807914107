#include "daemon/api/api.h"

namespace batchd::daemon {

Routes api_routes() {
  static constexpr Route kTable[]{
      {"POST", "/v1/requests", false, submit_request},
      {"GET", "/v1/requests", false, list_requests},
      {"GET", "/v1/requests/{id}", false, get_request},
      {"DELETE", "/v1/requests/{id}", false, cancel_request},
      {"POST", "/v1/requests/{id}/retry", false, retry_request},
      {"DELETE", "/v1/groups/{name}", false, cancel_group},
      {"GET", "/v1/results", false, get_results},
      {"POST", "/v1/results/ack", false, acknowledge_results},
  };
  return kTable;
}

}  // namespace batchd::daemon
