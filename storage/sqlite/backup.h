// A copy of the database while it is in use, made in steps between transactions: a step can't run inside one.
// What is committed meanwhile is copied, too: the copy is the database as it is when its last step ends.
//
// A failure of the copy never makes the store broken. Not thread-safe: the store's thread only.
#pragma once

#include <memory>
#include <string>

#include "core/store.h"
#include "storage/sqlite/db.h"

namespace batchd::storage {

class Backup {
 public:
  // Makes the file. Throws VerbFailed: disk_full if the copy wouldn't fit, invalid if it can't be made, with the
  // system's words. `source` must outlive this object.
  Backup(Db& source, std::string path);
  ~Backup();  // removes the file unless progress() has returned finished
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // Returns how far the copy is, and asks for its next step. Throws VerbFailed if the copy has failed: disk_full,
  // invalid.
  core::BackupProgress progress();
  // Copies some pages if progress() has asked for a step. To be called outside of transactions.
  void step();

 private:
  struct CloseFile {
    int fd = -1;
    ~CloseFile();
  };
  struct Finish {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
  };
  void open(Db& source);
  void copy_some();
  void complete();
  void remove();

  std::string path_;
  CloseFile file_;
  std::unique_ptr<Db> target_;
  std::unique_ptr<sqlite3_backup, Finish> copy_;
  core::BackupProgress progress_;
  std::optional<core::Error> failure_;
  bool wanted_ = false;
  bool handed_over_ = false;  // the file is the caller's now
};

}  // namespace batchd::storage
