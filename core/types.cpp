#include "core/types.h"

#include <array>
#include <utility>

namespace batchd::core {

namespace {

// The classes' names, and the code and status of batchd's own errors, all of them part of the API (docs/api.md).
struct ClassNames {
  std::string_view name;
  int code;
  std::string_view status;
};
constexpr std::array<ClassNames, 10> kClasses{{{"other", 2, "UNKNOWN"},
                                               {"invalid", 3, "INVALID_ARGUMENT"},
                                               {"not_found", 5, "NOT_FOUND"},
                                               {"denied", 7, "PERMISSION_DENIED"},
                                               {"exhausted", 8, "RESOURCE_EXHAUSTED"},
                                               {"unavailable", 14, "UNAVAILABLE"},
                                               {"internal", 13, "INTERNAL"},
                                               {"expired", 4, "DEADLINE_EXCEEDED"},
                                               {"cancelled", 1, "CANCELLED"},
                                               {"data_lost", 15, "DATA_LOSS"}}};

const ClassNames& names_of(ErrorClass kind) {
  const auto place = static_cast<std::size_t>(kind);
  return kClasses[place < kClasses.size() ? place : 0];
}

}  // namespace

std::string_view to_text(ErrorClass kind) { return names_of(kind).name; }

RequestError own_error(ErrorClass kind, std::string message) {
  const auto& names = names_of(kind);
  return {.kind = kind, .code = names.code, .status = std::string(names.status), .message = std::move(message)};
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
