#include "tests/bench/raw_store.h"

#include <sqlite3.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/bench/load.h"

namespace batchd::bench {
namespace {

using Clock = std::chrono::steady_clock;

void must(int code, sqlite3* db) {
  if (code != SQLITE_OK && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db));
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class RawStore {
 public:
  explicit RawStore(const std::string& path) {
    must(sqlite3_open(path.c_str(), &db_), db_);
    run("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;"
        "CREATE TABLE request(id INTEGER PRIMARY KEY, state INTEGER, lane INTEGER, body BLOB);"
        "CREATE INDEX queued ON request(lane, id) WHERE state = 0");
    must(sqlite3_prepare_v2(db_, "INSERT INTO request(state, lane, body) VALUES(0, 1, ?)", -1, &insert_, nullptr), db_);
    must(sqlite3_prepare_v2(db_, "BEGIN IMMEDIATE", -1, &begin_, nullptr), db_);
    must(sqlite3_prepare_v2(db_, "COMMIT", -1, &commit_, nullptr), db_);
  }
  ~RawStore() {
    for (auto* statement : {insert_, begin_, commit_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  RawStore(const RawStore&) = delete;

  void commit_transaction(int rows, const std::string& body) {
    step(begin_);
    for (int i = 0; i < rows; ++i) {
      sqlite3_bind_blob(insert_, 1, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
      step(insert_);
    }
    step(commit_);
  }

 private:
  void run(const char* sql) { must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), db_); }
  void step(sqlite3_stmt* statement) {
    must(sqlite3_step(statement), db_);
    sqlite3_reset(statement);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};

}  // namespace

RawFigures measure_raw_store(const std::string& folder, int group, double seconds) {
  const auto path = folder + "/raw.db";
  const std::string body(kBodyBytes, 'x');
  RawFigures figures;
  {
    RawStore store(path);
    const auto warm = Clock::now() + std::chrono::duration<double>(kWarmUpSeconds);
    while (Clock::now() < warm) store.commit_transaction(group, body);
    std::vector<double> commits;
    const auto start = Clock::now();
    const auto cpu_start = cpu_seconds();
    const auto end = start + std::chrono::duration<double>(seconds);
    for (auto now = start; now < end;) {
      store.commit_transaction(group, body);
      const auto then = std::exchange(now, Clock::now());
      commits.push_back(std::chrono::duration<double, std::milli>(now - then).count());
    }
    const std::chrono::duration<double> took = Clock::now() - start;
    const auto rows = static_cast<double>(commits.size()) * group;
    figures.rows_per_second = rows / took.count();
    figures.cpu_us_per_row = (cpu_seconds() - cpu_start) * 1e6 / rows;
    figures.commit_p50_ms = percentile(commits, 0.50);
    figures.commit_p99_ms = percentile(commits, 0.99);
  }
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return figures;
}

}  // namespace batchd::bench
