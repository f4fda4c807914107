#include "emulator/gemini/create_order.h"

#include <algorithm>

#include "emulator/base/dom.h"
#include "emulator/dialect/errors.h"

namespace batchd::emulator {
namespace {

constexpr std::string_view kBatchFields[] = {"model",        "name",          "displayName",
                                             "display_name", "inputConfig",   "input_config",
                                             "priority",     "webhookConfig", "webhook_config"};

std::optional<Response> check_fields(const Value& batch) {
  for (const auto& entry : batch.GetObject()) {
    const auto name = text(entry.name);
    if (std::ranges::find(kBatchFields, name) != std::ranges::end(kBatchFields)) continue;
    return not_json("Unknown name \"" + std::string(name) + "\" at 'batch': Cannot find field.");
  }
  return std::nullopt;
}

Response not_specified(Work work, const std::string& field) {
  const std::string message = work == Work::embedding ? "AsyncBatchEmbedContentRequest" : "BatchGenerateContentRequest";
  return google_error(400, "* " + message + "." + field + "\n");
}

// Turns the requests of a body into lines, as if they came from a file; they have metadata where a file's lines have a
// key.
std::optional<Response> read_inlined(const Value& config, Work work, Order& order) {
  const auto* requests = member(config, "requests");
  if (!requests || !requests->IsArray() || requests->Empty()) {
    return not_specified(work, "batch.input_config.requests: requests is not specified");
  }
  auto lines = std::make_shared<Blob>();
  for (const auto& item : requests->GetArray()) {
    const auto* request = member(item, "request");
    const auto* metadata = member(item, "metadata");
    lines->append("{\"request\":" + (request ? to_json(*request) : "{}"));
    if (metadata) lines->append(",\"metadata\":" + to_json(*metadata));
    lines->append("}\n");
  }
  order.inlined = std::move(lines);
  return std::nullopt;
}

}  // namespace

Work work_asked(const Route& route) {
  return route.method == "asyncBatchEmbedContent" ? Work::embedding : Work::content;
}

std::optional<Response> read_order(std::string_view body, Work work, Order& order) {
  Document document;
  DomFault fault;
  if (!parse(body, document, fault)) return not_json(fault.what);
  const auto* batch = member(document, "batch");
  if (!batch || !batch->IsObject()) return not_specified(work, "batch: batch is not specified");
  if (auto unknown = check_fields(*batch)) return unknown;
  order.display_name = text(*batch, "displayName", "display_name");
  if (const auto* priority = member(*batch, "priority")) {
    order.priority = priority->IsString() ? std::string(text(*priority)) : to_json(*priority);
  }
  const auto* input = member(*batch, "inputConfig", "input_config");
  if (!input) return not_specified(work, "batch.input_config: input_config is not specified");
  const auto* file = member(*input, "fileName", "file_name");
  const auto* requests = member(*input, "requests");
  if (file && requests) {
    return not_json("Invalid value at 'batch.input_config' (oneof), oneof field 'source' is already set.");
  }
  if (requests) return read_inlined(*requests, work, order);
  const auto name = text(*input, "fileName", "file_name");
  const auto at = name.rfind("files/");
  if (at == std::string_view::npos) return not_specified(work, "batch.input_config.file_name: invalid file name");
  order.file_id = name.substr(at + 6);
  return std::nullopt;
}

}  // namespace batchd::emulator
