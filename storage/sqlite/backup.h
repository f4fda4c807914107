// A copy of the database while it is in use, made in steps between the commit groups: a step can't run inside one.
// What is committed meanwhile is copied, too: the copy is the database as it is when its last step ends.
//
// Trouble with the copy is the copy's own, and never makes the store broken. Not thread-safe: the store's thread only.
#pragma once

#include <memory>
#include <string>

#include "core/store.h"
#include "storage/sqlite/db.h"

namespace batchd::storage {

class Backup {
 public:
  // Makes the file. Throws VerbFailed: disk_full (it wouldn't fit), invalid (it can't be made: with the system's
  // words). `source` must outlive this.
  Backup(Db& source, std::string path);
  ~Backup();  // removes the copy unless progress() has said that it is finished
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // Where it stands; asks for the next step. Throws VerbFailed once the copy has failed: disk_full, invalid.
  core::BackupProgress progress();
  // Outside of transactions: goes on a little, if that was asked for.
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
  bool handed_over_ = false;  // its file is the caller's
};

}  // namespace batchd::storage
