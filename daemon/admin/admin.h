// The calls of operators, monitors and generators of clients. Each handler answers its exchange once and returns when
// that answer is written or the client is gone.
//
//   call                                     handler                    file
//   GET  /v1/status                          get_status                 status.cpp
//   GET  /admin/                             show_page                  pages.cpp
//   GET, HEAD /admin                         redirect_to_page           pages.cpp
//   GET  /admin/status                       get_admin_status           status.cpp
//   GET  /admin/attention                    get_attention              status.cpp
//   GET  /admin/batches, .../{id}            list_batches, get_batch    admin.cpp
//   POST /admin/batches/{id}/adopt           adopt_job                  admin.cpp
//   POST /admin/batches/{id}/requeue         requeue_batch              admin.cpp
//   POST /admin/lanes/flush, pause, resume   flush_lanes, ...           operate.cpp
//   POST /admin/accounts/{name}/resume       resume_account             operate.cpp
//   GET  /admin/backup, /admin/audit         send_backup, send_audit    backup.cpp
//   GET  /openapi.json, /metrics             get_openapi, get_metrics   pages.cpp
//   GET  /healthz, /readyz                   healthz, readyz            status.cpp
#pragma once

#include <string_view>

#include "daemon/api/route.h"

namespace batchd::daemon {

// Returns the table above; the rows live as long as the program.
Routes admin_routes();

// What is appended to the path of the database for the copy that GET /admin/backup makes beside it.
inline constexpr std::string_view kBackupSuffix = ".backup";

Task<void> get_status(Desk& desk, Exchange& exchange, std::string_view);
Task<void> get_admin_status(Desk& desk, Exchange& exchange, std::string_view);
Task<void> get_attention(Desk& desk, Exchange& exchange, std::string_view);
Task<void> show_page(Desk& desk, Exchange& exchange, std::string_view);
Task<void> redirect_to_page(Desk& desk, Exchange& exchange, std::string_view);
Task<void> get_metrics(Desk& desk, Exchange& exchange, std::string_view);
Task<void> get_openapi(Desk& desk, Exchange& exchange, std::string_view);
Task<void> list_batches(Desk& desk, Exchange& exchange, std::string_view);
Task<void> get_batch(Desk& desk, Exchange& exchange, std::string_view id);
Task<void> adopt_job(Desk& desk, Exchange& exchange, std::string_view id);
Task<void> requeue_batch(Desk& desk, Exchange& exchange, std::string_view id);
Task<void> flush_lanes(Desk& desk, Exchange& exchange, std::string_view);
Task<void> pause_lanes(Desk& desk, Exchange& exchange, std::string_view);
Task<void> resume_lanes(Desk& desk, Exchange& exchange, std::string_view);
Task<void> resume_account(Desk& desk, Exchange& exchange, std::string_view name);
Task<void> send_backup(Desk& desk, Exchange& exchange, std::string_view);
Task<void> send_audit(Desk& desk, Exchange& exchange, std::string_view);
Task<void> healthz(Desk& desk, Exchange& exchange, std::string_view);
Task<void> readyz(Desk& desk, Exchange& exchange, std::string_view);

}  // namespace batchd::daemon
