// A copy of the database, made while work goes on and streamed to the caller; and the audit, which checks everything
// that is stored.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "daemon/admin/admin.h"
#include "daemon/api/reply.h"
#include "daemon/engine/disk_room.h"
#include "daemon/net/log.h"
#include "proto/api/operate.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

// The copy of the database. Its file is unlinked as soon as it is open, so that nothing of it outlives the call,
// however the call ends.
class Copy {
 public:
  Copy(std::string path, bool& busy) : path_(std::move(path)), busy_(busy) {
    busy_ = true;
    remove();  // left by a process that was killed
  }
  ~Copy() {
    remove();
    if (fd_ >= 0) ::close(fd_);
    busy_ = false;
  }
  Copy(const Copy&) = delete;

  const std::string& path() const { return path_; }
  // Opens the copy and returns its size in bytes, nullopt if it can't be read.
  std::optional<std::int64_t> open() {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    remove();
    struct stat about {};
    if (fd_ < 0 || ::fstat(fd_, &about) != 0) return std::nullopt;
    return about.st_size;
  }
  // Returns the next piece; empty at the end or on an error.
  std::string read() {
    std::string piece(kPieceBytes, '\0');
    const auto got = ::read(fd_, piece.data(), piece.size());
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return piece;
  }

 private:
  void remove() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::string path_;
  bool& busy_;
  int fd_ = -1;
};

Task<core::Result<void>> make_copy(Engine& engine, const std::string& path) {
  auto begun = co_await engine.store.state(&core::Store::backup_begin, path);
  if (!begun) co_return begun;
  for (;;) {
    const auto progress = co_await engine.store.state(&core::Store::backup_progress);
    const bool finished = progress && progress->finished;
    if (progress && !finished && !engine.stopping) continue;
    auto ended = co_await engine.store.state(&core::Store::backup_end);
    if (!progress) co_return progress.error();
    if (!finished) co_return core::Error{core::Errc::stopping, "the daemon is shutting down"};
    co_return ended;
  }
}

}  // namespace

Task<void> send_backup(Desk& desk, Exchange& exchange, std::string_view) {
  if (desk.backing_up) {
    co_await reply_problem(exchange, make_problem(409, "backup_running", "another backup is being made", true));
    co_return;
  }
  Copy copy(desk.engine.config.store.path + std::string(kBackupSuffix), desk.backing_up);
  const auto counts = co_await desk.engine.store.read(&core::Store::counts);
  if (!counts) {
    co_await reply_problem(exchange, problem_of(counts.error()));
    co_return;
  }
  // The copy must leave the disk space that intake counts on.
  if (!has_room(desk.engine.config.store, counts->database_bytes)) {
    co_await reply_problem(exchange, make_problem(507, "disk_full", "no room beside the database for a copy of it",
                                                  true, "free space where store.path is"));
    co_return;
  }
  const auto made = co_await make_copy(desk.engine, copy.path());
  const auto bytes = made ? copy.open() : std::nullopt;
  if (!bytes) {
    log_event(LogLevel::warn, "backup_failed", {{"detail", made ? "the copy can't be read" : made.error().detail}});
    auto problem = make_problem(500, "store_failed", "the copy can't be read", true);
    if (!made) problem = problem_of(made.error());
    co_await reply_problem(exchange, std::move(problem));
    co_return;
  }
  ReplyHead head{200, "application/vnd.sqlite3", {}};
  head.headers.emplace_back("Content-Disposition", "attachment; filename=\"batchd.db\"");
  if (!co_await exchange.begin_reply(std::move(head), *bytes)) co_return;
  for (std::int64_t left = *bytes; left > 0;) {
    const auto piece = copy.read();
    if (piece.empty()) co_return;  // the client sees the cut
    left -= std::ssize(piece);
    if (!co_await exchange.write(piece)) co_return;
  }
  log_event(LogLevel::info, "backup_sent", {{"bytes", *bytes}, {"owner", exchange.peer().owner}});
}

namespace {

using Walk = core::Result<core::AuditStep> (core::Store::*)(std::int64_t);

// Sends every finding as it is found. Returns false if the audit was cut short, which the client sees since the stream
// isn't ended.
Task<bool> audit_walk(Exchange& exchange, Engine& engine, Walk walk, std::int64_t& checked, std::int64_t& findings) {
  std::optional<std::int64_t> after = 0;
  while (after) {
    const auto step = co_await engine.store.read(walk, *after);
    if (!step || engine.stopping) co_return false;
    checked += step->checked;
    findings += std::ssize(step->findings);
    for (const auto& finding : step->findings) {
      const bool sent = co_await exchange.write(proto::finding_json(finding));
      if (!sent) co_return false;
    }
    after = step->next;
  }
  co_return true;
}

}  // namespace

Task<void> send_audit(Desk& desk, Exchange& exchange, std::string_view) {
  ReplyHead head{200, "application/x-ndjson", {}};
  if (!co_await exchange.begin_stream(std::move(head))) co_return;
  std::int64_t bodies = 0, requests = 0, findings = 0;
  // In this order: only after the requests are checked are the bodies without an owner known.
  const bool walked = co_await audit_walk(exchange, desk.engine, &core::Store::audit_requests, requests, findings);
  if (!walked) co_return;
  const bool whole = co_await audit_walk(exchange, desk.engine, &core::Store::audit_bodies, bodies, findings);
  if (!whole) co_return;
  log_event(findings > 0 ? LogLevel::error : LogLevel::info, "audit",
            {{"bodies", bodies}, {"requests", requests}, {"findings", findings}});
  const auto sum = proto::audited_json(bodies, requests, findings);
  if (!co_await exchange.write(sum)) co_return;
  co_await exchange.end_stream();
}

}  // namespace batchd::daemon
