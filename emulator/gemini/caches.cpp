#include "emulator/gemini/caches.h"

#include <charconv>
#include <ctime>
#include <optional>

#include "emulator/dialect/errors.h"
#include "emulator/dialect/models.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr double kUsualSeconds = 3600;
constexpr double kLongestSeconds = 1e9;
constexpr std::string_view kFolder = "cachedContents/";

TimePoint in_seconds(double seconds) {
  const std::chrono::duration<double> life(seconds);
  return std::chrono::system_clock::now() + std::chrono::duration_cast<TimePoint::duration>(life);
}

// Reads a duration of proto3 JSON, such as "300s".
std::optional<double> duration(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(1);
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && out >= 0 && out <= kLongestSeconds ? std::optional(out) : std::nullopt;
}

// Reads a time of proto3 JSON to the second, such as "2026-01-06T11:09:11Z"; a fraction is left out.
std::optional<TimePoint> moment(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest || !text.ends_with('Z')) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::optional<TimePoint> expiry(const Value& cache) {
  const auto ttl = text(cache, "ttl");
  const auto until = text(cache, "expireTime", "expire_time");
  if (!until.empty()) return moment(std::string(until));
  const auto seconds = ttl.empty() ? std::optional(kUsualSeconds) : duration(ttl);
  return seconds ? std::optional(in_seconds(*seconds)) : std::nullopt;
}

std::size_t characters_in(const Value& value) {
  if (value.IsString()) return characters(text(value));
  std::size_t sum = 0;
  if (value.IsArray())
    for (const auto& element : value.GetArray()) sum += characters_in(element);
  if (value.IsObject())
    for (const auto& entry : value.GetObject()) sum += characters_in(entry.value);
  return sum;
}

std::string_view without(std::string_view prefix, std::string_view name) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace

Response no_such_cache() { return google_error(403, "CachedContent not found (or permission denied)"); }

Response Caches::create(std::string_view project, std::string_view body) {
  Document document;
  DomFault fault;
  if (!parse(body, document, fault)) return not_json(fault.what);
  const auto model = without("models/", text(document, "model"));
  const auto* contents = member(document, "contents");
  const auto expires = expiry(document);
  if (!known_model(model, switches_)) return no_such_model(model, "v1beta", "createCachedContent");
  if (!expires) return google_error(400, usual_message(400));
  std::erase_if(caches_, [](const auto& entry) { return entry.second.expires <= std::chrono::system_clock::now(); });
  if (caches_.size() >= kCachesMax) return google_error(429, usual_message(429));
  Cache cache{.project = std::string(project),
              .model = std::string(model),
              .display_name = std::string(text(document, "displayName", "display_name")),
              .tokens = tokens(contents ? characters_in(*contents) : 0),
              .created = std::chrono::system_clock::now(),
              .expires = *expires};
  const auto made = caches_.emplace(random_id(40), std::move(cache)).first;
  return json_text(200, json_of(made->first, made->second));
}

Response Caches::get(std::string_view project, std::string_view id) {
  const auto found = find(project, id);
  return found == caches_.end() ? no_such_cache() : json_text(200, json_of(found->first, found->second));
}

Response Caches::list(std::string_view project) {
  std::string rows;
  for (const auto& [id, cache] : caches_) {
    if (cache.project != project || cache.expires <= std::chrono::system_clock::now()) continue;
    rows += (rows.empty() ? "" : ",") + json_of(id, cache);
  }
  return json_text(200, rows.empty() ? "{}" : "{\"cachedContents\":[" + rows + "]}");
}

Response Caches::remove(std::string_view project, std::string_view id) {
  const auto found = find(project, id);
  if (found == caches_.end()) return no_such_cache();
  caches_.erase(found);
  return json_text(200, "{}");
}

bool Caches::has(std::string_view project, std::string_view name, std::string_view model) {
  const auto found = find(project, without(kFolder, name));
  return found != caches_.end() && found->second.model == model;
}

Caches::Found Caches::find(std::string_view project, std::string_view id) {
  const auto found = caches_.find(id);
  if (found == caches_.end() || found->second.project != project) return caches_.end();
  return found->second.expires <= std::chrono::system_clock::now() ? caches_.end() : found;
}

std::string Caches::json_of(std::string_view id, const Cache& cache) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("name");
  w.string(std::string(kFolder) + std::string(id));
  w.key("model");
  w.string("models/" + cache.model);
  if (!cache.display_name.empty()) {
    w.key("displayName");
    w.string(cache.display_name);
  }
  w.key("createTime");
  w.string(timestamp(cache.created, 6));
  w.key("updateTime");
  w.string(timestamp(cache.created, 6));
  w.key("expireTime");
  w.string(timestamp(cache.expires, 9));
  w.key("usageMetadata");
  w.begin_object();
  w.key("totalTokenCount");
  w.number(static_cast<std::int64_t>(cache.tokens));
  w.end_object();
  w.end_object();
  return out;
}

}  // namespace batchd::emulator
