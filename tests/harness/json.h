// JSON for tests: what a program answered, by pointers ("/response/candidates/0/content").
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::harness {

class Json {
 public:
  explicit Json(std::string_view text);  // not JSON: valid() is false and nothing is found in it

  bool valid() const { return value_ != nullptr; }
  bool has(std::string_view pointer) const { return find(pointer) != nullptr; }
  // What stands there, or the fallback if nothing or another type does.
  std::string text(std::string_view pointer, std::string_view fallback = "") const;
  std::int64_t number(std::string_view pointer, std::int64_t fallback = -1) const;
  bool flag(std::string_view pointer, bool fallback = false) const;
  std::vector<Json> items(std::string_view pointer) const;           // of an array
  std::vector<std::string> members(std::string_view pointer) const;  // names in an object
  std::string dump() const;

 private:
  Json(std::shared_ptr<const rapidjson::Document> document, const rapidjson::Value* value)
      : document_(std::move(document)), value_(value) {}
  const rapidjson::Value* find(std::string_view pointer) const;

  std::shared_ptr<const rapidjson::Document> document_;
  const rapidjson::Value* value_ = nullptr;
};

// A string as it stands in JSON, with its quotes.
std::string json_text(std::string_view text);

}  // namespace batchd::harness
