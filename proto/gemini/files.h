// Dialogues about files: upload (resumable protocol), remove.
#pragma once

#include <cstdint>
#include <string>

#include "core/provider.h"
#include "proto/gemini/gemini.h"

namespace batchd::proto {

// What one call of an upload carries: X-Goog-Upload-Chunk-Granularity as observed.
inline constexpr std::int64_t kUploadChunkBytes = 8 << 20;

core::DialoguePtr<core::UploadSession> start_upload(const GeminiConfig& config, const core::UploadSpec& spec);
core::DialoguePtr<core::Uploaded> upload_file(const core::UploadRest& rest);
core::DialoguePtr<core::Uploaded> upload_text(const GeminiConfig& config, const std::string& name,
                                              const std::string& text);
core::DialoguePtr<core::Removal> remove_file(const std::string& version, const std::string& file);

// --- shared by the two kinds of upload
core::HttpCall upload_start_call(const GeminiConfig& config, const core::UploadSpec& spec);
core::Dialogue<core::UploadSession>::Next read_upload_start(const core::HttpEvent& event);
// Reads the last answer of an upload, which must show our file, complete and usable.
core::Dialogue<core::Uploaded>::Next read_uploaded(const core::HttpEvent& event, const std::string& name,
                                                   std::int64_t bytes);

}  // namespace batchd::proto
