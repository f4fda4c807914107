#include "emulator/gemini/references.h"

#include <algorithm>

#include "emulator/dialect/errors.h"

namespace batchd::emulator {
namespace {

constexpr std::string_view kOwnHosts[] = {"generativelanguage.googleapis.com", "127.0.0.1", "localhost"};
constexpr std::string_view kFilesFolder = "files/";

bool cut(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Returns the id of the file if the URI is one of the Files API, or only a file's name; nullopt for all other places,
// which the provider fetches later, if at all.
std::optional<std::string> file_in(std::string_view uri) {
  if (cut(uri, "https://") || cut(uri, "http://")) {
    const auto slash = std::min(uri.find('/'), uri.size());
    const auto host = uri.substr(0, std::min(slash, uri.find(':')));
    if (std::ranges::find(kOwnHosts, host) == std::ranges::end(kOwnHosts)) return std::nullopt;
    uri.remove_prefix(slash);
    if (!cut(uri, "/v1beta/") && !cut(uri, "/v1alpha/") && !cut(uri, "/v1/")) return std::nullopt;
  }
  if (!cut(uri, kFilesFolder)) return std::nullopt;
  return std::string(uri.substr(0, uri.find_first_of(":?#")));
}

}  // namespace

std::optional<Response> References::refusal(const Value& value) const {
  if (value.IsArray()) {
    for (const auto& element : value.GetArray())
      if (auto refused = refusal(element)) return refused;
  }
  if (!value.IsObject()) return std::nullopt;
  for (const auto& entry : value.GetObject()) {
    const auto name = text(entry.name);
    std::optional<Response> refused;
    if (name == "fileUri" || name == "file_uri") refused = file_refusal(text(entry.value));
    if (name == "cachedContent" || name == "cached_content") refused = cache_refusal(text(entry.value));
    if (!refused) refused = refusal(entry.value);
    if (refused) return refused;
  }
  return std::nullopt;
}

std::optional<Response> References::file_refusal(std::string_view uri) const {
  const auto id = file_in(uri);
  if (!id) return std::nullopt;
  const auto file = files_.find(project_, *id);
  if (!file) return no_such_file(*id);
  return is_active(*file) ? std::nullopt : std::optional(not_active(*id));
}

std::optional<Response> References::cache_refusal(std::string_view name) const {
  if (name.empty() || caches_.has(project_, name, model_)) return std::nullopt;
  if (switches_.is(Switch::missing_cache, "403")) return no_such_cache();
  return google_error(404, "CachedContent " + std::string(name) + " for models/" + model_ + " was not found");
}

}  // namespace batchd::emulator
