// JSON for tests: reads what a program answered, by JSON pointers ("/response/candidates/0/content").
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
  explicit Json(std::string_view text);  // if `text` isn't JSON, valid() is false and nothing is found

  bool valid() const { return value_ != nullptr; }
  bool has(std::string_view pointer) const { return find(pointer) != nullptr; }
  // Return the value at the pointer, or the fallback if there is none or it has another type.
  std::string text(std::string_view pointer, std::string_view fallback = "") const;
  std::int64_t number(std::string_view pointer, std::int64_t fallback = -1) const;
  bool flag(std::string_view pointer, bool fallback = false) const;
  std::vector<Json> items(std::string_view pointer) const;           // elements of an array
  std::vector<std::string> members(std::string_view pointer) const;  // names of an object's members
  std::string dump() const;

 private:
  Json(std::shared_ptr<const rapidjson::Document> document, const rapidjson::Value* value)
      : document_(std::move(document)), value_(value) {}
  const rapidjson::Value* find(std::string_view pointer) const;

  std::shared_ptr<const rapidjson::Document> document_;
  const rapidjson::Value* value_ = nullptr;
};

// Returns the text as a JSON string, with quotes.
std::string json_text(std::string_view text);

}  // namespace batchd::harness
