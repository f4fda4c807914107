#include "emulator/faults/refusals.h"

#include <stdexcept>

namespace batchd::emulator {
namespace {

constexpr int kStatusMin = 400;
constexpr int kStatusMax = 599;

class RefusalReader {
 public:
  explicit RefusalReader(std::size_t number) : number_(number) {}

  void take(std::string_view name, const Value& value, Refusal& out) const {
    if (name == "text") {
      out.text = string(name, value);
    } else if (name == "status") {
      if (!value.IsInt() || value.GetInt() < kStatusMin || value.GetInt() > kStatusMax)
        refuse("\"status\" must be a whole number from 400 to 599");
      out.status = value.GetInt();
    } else if (name == "grpc") {
      out.grpc = string(name, value);
    } else if (name == "words") {
      out.words = string(name, value);
    } else if (name == "details") {
      if (!value.IsArray()) refuse("\"details\" must be an array");
      out.details = to_json(value);
    } else if (name == "named") {
      if (!value.IsBool()) refuse("\"named\" must be true or false");
      out.named = value.GetBool();
    } else if (name != "comment") {
      refuse("\"" + std::string(name) +
             "\" is unknown: there are text, status, grpc, words, details, named and comment");
    }
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error("refusal " + std::to_string(number_) + ": " + why);
  }

 private:
  std::string string(std::string_view name, const Value& value) const {
    if (!value.IsString() || value.GetStringLength() == 0)
      refuse("\"" + std::string(name) + "\" must be a string that isn't empty");
    return std::string(emulator::text(value));
  }

  std::size_t number_;
};

bool contains(std::string_view text, std::string_view sought) { return text.find(sought) != std::string_view::npos; }

// Finds the first member whose name, or whose value, has the text; depth first, in the order of the line.
const Value* member_name(const Value& value, std::string_view sought, bool by_name) {
  if (value.IsArray()) {
    for (const auto& element : value.GetArray())
      if (const auto* found = member_name(element, sought, by_name)) return found;
  }
  if (!value.IsObject()) return nullptr;
  for (const auto& entry : value.GetObject()) {
    if (contains(text(by_name ? entry.name : entry.value), sought)) return &entry.name;
    if (const auto* found = member_name(entry.value, sought, by_name)) return found;
  }
  return nullptr;
}

}  // namespace

Refusal read_refusal(const Value& value, std::size_t number) {
  const RefusalReader reader(number);
  if (!value.IsObject()) reader.refuse("must be an object");
  Refusal out;
  for (const auto& entry : value.GetObject()) reader.take(text(entry.name), entry.value, out);
  if (out.text.empty()) reader.refuse("\"text\" is missing");
  if (out.words.empty()) reader.refuse("\"words\" is missing");
  return out;
}

bool concerns(const Refusal& refusal, std::string_view line, std::string_view prompt, const Value& document,
              std::string& name) {
  const auto* found = member_name(document, refusal.text, true);
  const bool has_text = found || contains(line, refusal.text) || contains(prompt, refusal.text);
  if (!has_text) return false;
  if (!found) found = member_name(document, refusal.text, false);
  name = found ? std::string(text(*found)) : std::string();
  return true;
}

std::string words_for(const Refusal& refusal, std::string_view prompt, std::string_view name, std::uint64_t line) {
  const std::pair<std::string_view, std::string> places[] = {
      {"{prompt}", std::string(prompt)}, {"{name}", std::string(name)}, {"{line}", std::to_string(line)}};
  std::string out;
  for (std::string_view rest = refusal.words; !rest.empty();) {
    std::size_t taken = 1;
    std::string_view put = rest.substr(0, 1);
    for (const auto& [place, value] : places) {
      if (!rest.starts_with(place)) continue;
      taken = place.size();
      put = value;
    }
    out += put;
    rest.remove_prefix(taken);
  }
  return out;
}

}  // namespace batchd::emulator
