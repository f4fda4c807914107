// Names that become part of paths. Names that come from the provider are checked before they are used in a path.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

inline constexpr std::string_view kFilePrefix = "files/";
// What files.get and files.delete accept behind the prefix: "cannot be more than 40 characters".
inline constexpr std::size_t kFileIdBytesMax = 40;

bool is_job_name(std::string_view name);    // "batches/" and 1 to 200 of [A-Za-z0-9._-], not only dots
bool is_file_name(std::string_view name);   // "files/" and the same
bool is_cache_name(std::string_view name);  // "cachedContents/" and the same
// Returns the model's name without "models/", which may stand before it; nullopt unless that is 1 to kModelBytesMax of
// [A-Za-z0-9._-], not only dots.
std::optional<std::string> model_name(std::string_view text);
std::string escape_segment(std::string_view text);  // percent-encodes for one path segment or query value

// Returns path and query of an upload session's URL; nullopt if it isn't the path of an upload, is longer than 4 KiB,
// or has bytes that would split the request. Scheme and host are dropped: sessions live on the configured origin.
std::optional<std::string> session_target(std::string_view url);
bool is_session_target(std::string_view target);

}  // namespace batchd::proto
