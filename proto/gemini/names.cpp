#include "proto/gemini/names.h"

#include <algorithm>

#include "core/limits.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kSessionBytesMax = 4096;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_name_byte(char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; }

bool is_bare_name(std::string_view name, std::size_t bytes_max) {
  return !name.empty() && name.size() <= bytes_max && std::ranges::all_of(name, is_name_byte) &&
         name.find_first_not_of('.') != std::string_view::npos;
}

bool is_name(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) && is_bare_name(name.substr(prefix.size()), kNameBytesMax);
}

}  // namespace

bool is_job_name(std::string_view name) { return is_name(name, "batches/"); }
bool is_file_name(std::string_view name) { return is_name(name, kFilePrefix); }
bool is_cache_name(std::string_view name) { return is_name(name, "cachedContents/"); }

std::optional<std::string> model_name(std::string_view text) {
  constexpr std::string_view prefix = "models/";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  if (!is_bare_name(text, core::kModelBytesMax)) return std::nullopt;
  return std::string(text);
}

std::string escape_segment(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    if (is_name_byte(c) || c == '~') {
      escaped += c;
      continue;
    }
    escaped += '%';
    escaped += digits[static_cast<unsigned char>(c) >> 4];
    escaped += digits[static_cast<unsigned char>(c) & 15];
  }
  return escaped;
}

bool is_session_target(std::string_view target) {
  if (target.empty() || target.size() > kSessionBytesMax || target[0] != '/' || target.starts_with("//")) return false;
  const auto query = target.find('?');
  if (target.substr(0, query).find("..") != std::string_view::npos) return false;
  return target.find("upload_id") != std::string_view::npos &&
         std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
}

std::optional<std::string> session_target(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos && scheme < url.find_first_of("/?")) {
    const auto path = url.find('/', scheme + 3);
    if (path == std::string_view::npos) return std::nullopt;
    url.remove_prefix(path);
  }
  if (!is_session_target(url)) return std::nullopt;
  return std::string(url);
}

}  // namespace batchd::proto
