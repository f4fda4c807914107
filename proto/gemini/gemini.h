// The Gemini Developer API (Files and Batch Mode) as a core::Provider. Facts of the wire are from the Gemini API
// reference (files.create, batches.create, ...) and Google's resumable upload protocol; each is named where it matters.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/provider.h"

namespace batchd::proto {

struct GeminiConfig {
  std::string api_version = "v1beta";
  // Tried in this order, since the type that an account accepts for JSONL has changed over time.
  std::vector<std::string> mime_types = {"application/jsonl", "jsonl", "text/plain", "application/json"};
};

// Returns the provider, never null. `config.mime_types` must not be empty.
std::unique_ptr<core::Provider> make_gemini(GeminiConfig config = {});

}  // namespace batchd::proto
