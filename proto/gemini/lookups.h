// Dialogues that ask whether something is there that a job needs: an input file, a model, what a request names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/provider.h"
#include "proto/control_document.h"

namespace batchd::proto {

core::DialoguePtr<core::Presence> check_file(const std::string& version, const std::string& file);
// A model that shows what it supports (supportedGenerationMethods), and among that no batches of the lane's endpoint,
// is not present.
core::DialoguePtr<core::Presence> check_model(const std::string& version, const core::Lane& lane);
core::DialoguePtr<core::Presence> check_reference(const std::string& version, const std::string& reference);

// Returns the name of the file or the cache that a request names by this value: a fileUri of the Files API
// ("https://generativelanguage.googleapis.com/v1beta/files/ID", with any version), "files/ID", "cachedContents/ID".
// Returns nullopt for any other value, like the address of a file elsewhere.
std::optional<std::string> reference_in(std::string_view value);

// What a File resource says of itself. Without a state it is ready.
enum class FileState : std::uint8_t { ready, processing, failed };
FileState file_state(const JsonValue& file);

}  // namespace batchd::proto
