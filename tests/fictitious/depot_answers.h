// What depot's answers mean: its faults, its jobs, its result lines.
#pragma once

#include <memory>
#include <optional>

#include "core/provider.h"
#include "proto/control_document.h"

namespace batchd::fictitious {

enum class DepotCall : std::uint8_t { upload, create, find, poll, results, cancel, file, model, account };

// Returns the fault that an answer means; also of a 2xx that can't be read.
core::Fault classify_depot(DepotCall call, const core::HttpEvent& event);

bool is_run_name(std::string_view name);
bool is_crate_name(std::string_view name);
// Returns nullopt if this isn't a job.
std::optional<core::JobView> parse_run(const proto::JsonValue& run);

std::unique_ptr<core::ResultLineReader> depot_result_reader();

}  // namespace batchd::fictitious
