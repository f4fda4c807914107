#include "core/types.h"

#include <array>

namespace batchd::core {

std::string_view grpc_status(int code) {
  static constexpr std::array<std::string_view, 17> kNames{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  if (code < 0 || static_cast<std::size_t>(code) >= kNames.size()) return "UNKNOWN";
  return kNames[static_cast<std::size_t>(code)];
}

std::string_view to_text(SealReason reason) {
  switch (reason) {
    case SealReason::items:
      return "items";
    case SealReason::bytes:
      return "bytes";
    case SealReason::tokens:
      return "tokens";
    case SealReason::age:
      return "age";
    case SealReason::deadline:
      return "deadline";
    case SealReason::flush:
      return "flush";
    case SealReason::lineage:
      return "lineage";
  }
  return "unknown";
}

std::string_view to_text(JobEnd end) {
  switch (end) {
    case JobEnd::succeeded:
      return "succeeded";
    case JobEnd::failed:
      return "failed";
    case JobEnd::cancelled:
      return "cancelled";
    case JobEnd::expired:
      return "expired";
  }
  return "unknown";
}

bool matches(const LaneSelector& selector, const Lane& lane) {
  const auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  return fits(selector.account, lane.account) && fits(selector.endpoint, lane.endpoint) &&
         fits(selector.model, lane.model);
}

}  // namespace batchd::core
