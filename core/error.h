// Expected failures. A function that can fail returns Result<T>; the caller handles the error or logs it, never both.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::core {

// Starts at 1, since a zero value would make `if (error)` false.
enum class Errc : std::uint8_t {
  not_found = 1,  // no such thing, or not the caller's
  conflict,       // the idempotency key is known with another request; or the thing's state forbids the call
  invalid,        // the input breaks a documented rule
  too_large,      // over a limit that `detail` names
  queue_full,     // intake limit reached; retry later
  disk_full,      // no room for intake; retry later
  stale,          // a state change found another state than it expected: something else changed it first
  corrupt,        // stored bytes don't match their digest
  store_failed,   // the store can't be trusted any more (I/O error, failed fsync): the process must stop
  newer_schema,   // the database was written by a newer batchd
  locked,         // another process has the database
  stopping,       // the daemon is shutting down
};

std::string_view to_text(Errc code);

struct Error {
  Errc code;
  std::string detail;  // for people; never has a prompt, a result or a key in it
};

// Called by Result<T>::value() on an error; throws std::logic_error, since not checking first is a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace batchd::core
