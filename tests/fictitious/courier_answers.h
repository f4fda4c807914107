// What courier's answers mean: its faults, its jobs, its result lines.
#pragma once

#include <memory>
#include <optional>

#include "core/provider.h"
#include "proto/control_document.h"

namespace batchd::fictitious {

enum class CourierCall : std::uint8_t { create, find, poll, results, cancel, account };

// Returns the fault that an answer means; also of a 2xx that can't be read.
core::Fault classify_courier(CourierCall call, const core::HttpEvent& event);

bool is_parcel_name(std::string_view name);
struct Parcel {
  core::JobView job;
  std::int64_t items = 0;
};
std::optional<Parcel> parse_parcel(const proto::JsonValue& parcel);  // nullopt if this isn't a job

std::unique_ptr<core::ResultLineReader> courier_result_reader();

}  // namespace batchd::fictitious
