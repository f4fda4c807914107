#include "core/error.h"

#include <stdexcept>

namespace batchd::core {

std::string_view to_text(Errc code) {
  switch (code) {
    case Errc::not_found:
      return "not_found";
    case Errc::conflict:
      return "conflict";
    case Errc::invalid:
      return "invalid";
    case Errc::too_large:
      return "too_large";
    case Errc::queue_full:
      return "queue_full";
    case Errc::disk_full:
      return "disk_full";
    case Errc::stale:
      return "stale";
    case Errc::corrupt:
      return "corrupt";
    case Errc::store_failed:
      return "store_failed";
    case Errc::newer_schema:
      return "newer_schema";
    case Errc::locked:
      return "locked";
    case Errc::stopping:
      return "stopping";
  }
  return "unknown";
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error(std::string(to_text(error.code)) + ": " + error.detail + " (unchecked at " +
                         where.file_name() + ":" + std::to_string(where.line()) + ")");
}

}  // namespace batchd::core
