// A plain connection to a closed store's file, as any other program would open one: to look, and to do damage.
#pragma once

#include <sqlite3.h>

#include <string>

#include "core/check.h"

namespace batchd::storage::testing {

class Raw {
 public:
  explicit Raw(const std::string& path) { CHECK(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK); }
  ~Raw() { sqlite3_close(handle_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  int run(const std::string& sql) { return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr); }
  std::string ask(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    CHECK(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    std::string answer;
    if (sqlite3_step(statement) == SQLITE_ROW)
      if (const auto* text = sqlite3_column_text(statement, 0)) answer = reinterpret_cast<const char*>(text);
    sqlite3_finalize(statement);
    return answer;
  }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace batchd::storage::testing
