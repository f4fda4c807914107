#include "storage/sqlite/error_row.h"

#include <array>

namespace batchd::storage {
namespace {

struct OldCode {
  core::ErrorClass kind;
  std::string_view name;
};
constexpr auto kOldCodes = [] {
  using enum core::ErrorClass;
  return std::array<OldCode, 17>{{{other, "OK"},
                                  {cancelled, "CANCELLED"},
                                  {other, "UNKNOWN"},
                                  {invalid, "INVALID_ARGUMENT"},
                                  {expired, "DEADLINE_EXCEEDED"},
                                  {not_found, "NOT_FOUND"},
                                  {other, "ALREADY_EXISTS"},
                                  {denied, "PERMISSION_DENIED"},
                                  {exhausted, "RESOURCE_EXHAUSTED"},
                                  {invalid, "FAILED_PRECONDITION"},
                                  {other, "ABORTED"},
                                  {invalid, "OUT_OF_RANGE"},
                                  {invalid, "UNIMPLEMENTED"},
                                  {internal, "INTERNAL"},
                                  {unavailable, "UNAVAILABLE"},
                                  {data_lost, "DATA_LOSS"},
                                  {denied, "UNAUTHENTICATED"}}};
}();

const OldCode& old_code(std::int64_t code) {
  constexpr std::size_t kUnknown = 2;
  const bool known = code >= 0 && code < static_cast<std::int64_t>(kOldCodes.size());
  return kOldCodes.at(known ? static_cast<std::size_t>(code) : kUnknown);
}

}  // namespace

std::optional<core::RequestError> read_error(const Query& row, int at) {
  if (row.is_null(at + 1)) return std::nullopt;
  core::RequestError error;
  error.kind = row.is_null(at) ? class_of_old_code(row.integer(at + 1)) : row.state<core::ErrorClass>(at);
  error.code = row.small(at + 1);
  error.status = row.text(at + 2);
  error.message = row.text(at + 3);
  error.http_status = row.small(at + 4);
  error.body = row.text(at + 5);
  error.source = row.state<core::ErrorSource>(at + 6);
  return error;
}

core::ErrorClass class_of_old_code(std::int64_t code) { return old_code(code).kind; }
std::string_view name_of_old_code(std::int64_t code) { return old_code(code).name; }

}  // namespace batchd::storage
