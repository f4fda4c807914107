// Errors as they are stored: seven columns, of a request or of a batch. Private to storage/sqlite/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/types.h"
#include "storage/sqlite/db.h"

namespace batchd::storage {

// Reads the error whose columns begin with `at`, in this order: error_class, error_code, error_status, error_message,
// error_http, error_body, error_source. Returns nullopt if there is none (its code is NULL).
std::optional<core::RequestError> read_error(const Query& row, int at);
inline constexpr int kErrorColumns = 7;

// Returns one member of an error, to be bound to its column; nullopt if there is no error.
template <class T>
std::optional<T> column_of(const std::optional<core::RequestError>& error, T core::RequestError::*member) {
  if (!error) return std::nullopt;
  return (*error).*member;
}

// Rows of schema 3 and older have a gRPC code and no class. These return the class and the name of such a code.
core::ErrorClass class_of_old_code(std::int64_t code);
std::string_view name_of_old_code(std::int64_t code);  // "UNKNOWN" if it is no gRPC code

}  // namespace batchd::storage
