// From version 3 to 4: what batches had as codes and counters becomes errors and names.
#include <vector>

#include "core/ids.h"
#include "storage/sqlite/error_row.h"
#include "storage/sqlite/schema.h"

namespace batchd::storage {
namespace {

constexpr int kBatchesPerMigrationStep = 500;

struct BatchOfVersion3 {
  core::BatchId id;
  int upload_n = 0;
  std::optional<core::JobEnd> end;
  int end_code = 0;
  core::RefusedFor refusal = core::RefusedFor::none;
  std::string message;
};

std::vector<BatchOfVersion3> batches_of_version_3(Db& db, std::int64_t after) {
  std::vector<BatchOfVersion3> batches;
  auto row =
      db.query("SELECT id, upload_n, end, end_code, refusal, message FROM batch WHERE id > ? ORDER BY id LIMIT ?",
               after, kBatchesPerMigrationStep);
  while (row.row()) {
    BatchOfVersion3 batch{row.id<core::BatchId>(0), row.small(1)};
    if (!row.is_null(2)) batch.end = row.state<core::JobEnd>(2);
    batch.end_code = row.small(3);
    batch.refusal = row.state<core::RefusedFor>(4);
    batch.message = row.text(5);
    batches.push_back(std::move(batch));
  }
  return batches;
}

// Returns the gRPC code with which those releases told the requests' owners of the batch's end; nullopt if there is
// nothing to tell.
std::optional<int> code_of_end(const BatchOfVersion3& batch) {
  constexpr int kCancelled = 1, kInvalid = 3, kExpired = 4, kNotFound = 5, kInternal = 13;
  if (!batch.end) {
    if (batch.refusal == core::RefusedFor::none) return std::nullopt;
    return batch.refusal == core::RefusedFor::model ? kNotFound : kInvalid;
  }
  if (batch.end == core::JobEnd::failed && batch.end_code != 0) return batch.end_code;
  if (batch.message.empty()) return std::nullopt;
  switch (*batch.end) {
    case core::JobEnd::succeeded:
      return std::nullopt;
    case core::JobEnd::failed:
      return kInternal;
    case core::JobEnd::cancelled:
      return kCancelled;
    case core::JobEnd::expired:
      return kExpired;
  }
  return std::nullopt;
}

std::optional<core::RequestError> error_of_end(const BatchOfVersion3& batch) {
  const auto code = code_of_end(batch);
  if (!code) return std::nullopt;
  core::RequestError error;
  error.kind = class_of_old_code(*code);
  error.code = *code;
  error.status = name_of_old_code(*code);
  error.message = batch.message;
  error.source = core::ErrorSource::provider;
  return error;
}

core::FailedFor failed_for(const BatchOfVersion3& batch) {
  constexpr int kExpired = 4, kExhausted = 8, kInternal = 13, kUnavailable = 14;
  const auto code = batch.end == core::JobEnd::failed ? batch.end_code : 0;
  const bool trouble = code == kExpired || code == kExhausted || code == kInternal || code == kUnavailable;
  return trouble ? core::FailedFor::trouble : core::FailedFor::refused;
}

// The only provider of those releases called every upload so.
std::string file_of_version_3(core::BatchId batch, int n) { return "files/" + core::upload_name(batch, n); }

}  // namespace

std::optional<std::int64_t> fill_batches_of_version_3(Db& db, std::int64_t after) {
  const auto batches = batches_of_version_3(db, after);
  for (const auto& batch : batches) {
    const auto error = error_of_end(batch);
    using Error = core::RequestError;
    db.run(
        "UPDATE batch SET input_file = ?, failed_for = ?, error_class = ?, error_code = ?, error_status = ?,"
        " error_message = ?, error_http = ?, error_body = ?, error_source = ? WHERE id = ?",
        batch.upload_n > 0 ? file_of_version_3(batch.id, batch.upload_n) : std::string(), failed_for(batch),
        column_of(error, &Error::kind), column_of(error, &Error::code), column_of(error, &Error::status),
        column_of(error, &Error::message), column_of(error, &Error::http_status), column_of(error, &Error::body),
        column_of(error, &Error::source), batch.id);
    for (int n = 1; n <= batch.upload_n; ++n)
      db.run("INSERT INTO upload(batch, n, file) VALUES(?, ?, ?)", batch.id, n, file_of_version_3(batch.id, n));
  }
  if (batches.size() < kBatchesPerMigrationStep) return std::nullopt;
  return batches.back().id.value();
}

}  // namespace batchd::storage
