#include "daemon/admin/admin.h"

namespace batchd::daemon {

Routes admin_routes() {
  static constexpr Route kTable[]{
      {"GET", "/v1/status", false, get_status},

      {"GET", "/admin", false, redirect_to_page, Open::everywhere},
      {"HEAD", "/admin", false, redirect_to_page, Open::everywhere},
      {"GET", "/admin/", true, show_page},
      {"GET", "/admin/status", true, get_admin_status},
      {"GET", "/admin/attention", true, get_attention},
      {"GET", "/admin/batches", true, list_batches},
      {"GET", "/admin/batches/{id}", true, get_batch},
      {"POST", "/admin/batches/{id}/adopt", true, adopt_job},
      {"POST", "/admin/batches/{id}/requeue", true, requeue_batch},
      {"POST", "/admin/lanes/flush", true, flush_lanes},
      {"POST", "/admin/lanes/pause", true, pause_lanes},
      {"POST", "/admin/lanes/resume", true, resume_lanes},
      {"POST", "/admin/accounts/{name}/resume", true, resume_account},
      {"GET", "/admin/backup", true, send_backup},
      {"GET", "/admin/audit", true, send_audit},

      {"GET", "/openapi.json", false, get_openapi},
      {"GET", "/metrics", false, get_metrics, Open::on_this_host},
      {"GET", "/healthz", false, healthz, Open::everywhere},
      {"GET", "/readyz", false, readyz, Open::on_this_host},
  };
  return kTable;
}

}  // namespace batchd::daemon
