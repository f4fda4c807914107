#include "core/secrets.h"

#include <algorithm>

namespace batchd::core {
namespace {

constexpr std::size_t kOwnBytesMin = 8;
constexpr std::size_t kWordBytesMin = 16;
constexpr std::string_view kAnnouncements[] = {"key", "token", "bearer", "basic", "secret", "password"};
constexpr std::string_view kBetween = " :='\"`";

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_alphanumeric(char c) { return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9'); }

bool is_of_a_word(char c) { return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos; }

// Returns the length of the word at the beginning of the text, without the full stop of a sentence.
std::size_t word_at(std::string_view text) {
  auto bytes = static_cast<std::size_t>(std::ranges::find_if_not(text, is_of_a_word) - text.begin());
  while (bytes > 0 && text[bytes - 1] == '.') --bytes;
  return bytes;
}

bool announces(std::string_view before) {
  const auto last = before.find_last_not_of(kBetween);
  if (last == std::string_view::npos || last + 1 == before.size()) return false;  // a word goes on, or begins the text
  before = before.substr(0, last + 1);
  return std::ranges::any_of(kAnnouncements, [&](std::string_view word) {
    return before.size() >= word.size() &&
           std::ranges::equal(before.substr(before.size() - word.size()), word, {}, to_lower);
  });
}

// Returns the length of what looks like a credential at this place of the text; 0 if nothing does.
std::size_t likeness_at(std::string_view text, std::size_t at, std::span<const std::string> prefixes) {
  const auto rest = text.substr(at);
  if (!is_of_a_word(rest.front()) || (at > 0 && is_alphanumeric(text[at - 1]))) return 0;
  const auto bytes = word_at(rest);
  if (bytes < kWordBytesMin) return 0;
  const bool known = std::ranges::any_of(prefixes, [&](const auto& prefix) { return rest.starts_with(prefix); });
  return known || announces(text.substr(0, at)) ? bytes : 0;
}

bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }

// What is right after a letter or a digit is an apostrophe, or the end of a quote.
bool opens_a_quote(std::string_view text, std::size_t at) {
  return is_quote(text[at]) && (at == 0 || !is_alphanumeric(text[at - 1]));
}

// Returns where the quote that begins at `at` ends: at the first mark of the same kind that no letter or digit follows,
// or at the last one; at the end of the text if there is none.
std::size_t end_of_quote(std::string_view text, std::size_t at, bool last) {
  auto end = text.size();
  for (auto mark = text.find(text[at], at + 1); mark != std::string_view::npos; mark = text.find(text[at], mark + 1)) {
    if (mark + 1 < text.size() && is_alphanumeric(text[mark + 1])) continue;
    end = mark;
    if (!last) break;
  }
  return end;
}

bool is_name(std::string_view word) {
  return word.find_first_of("._/:[") != std::string_view::npos && std::ranges::all_of(word, [](char c) {
           return is_of_a_word(c) || std::string_view(":[]()").find(c) != std::string_view::npos;
         });
}

}  // namespace

std::string without_secrets(std::string_view text, std::string_view own, std::span<const std::string> prefixes) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    if (own.size() >= kOwnBytesMin && text.substr(at).starts_with(own)) {
      safe += "(the key)";
      at += own.size();
    } else if (const auto bytes = likeness_at(text, at, prefixes); bytes > 0) {
      safe += "(a key)";
      at += bytes;
    } else {
      safe += text[at++];
    }
  }
  return safe;
}

std::string without_quotes(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size(); ++at) {
    safe += text[at];
    if (!opens_a_quote(text, at)) continue;
    // A prompt may have quotes of its own, so what isn't a name ends where no quote is left.
    const auto first = text.substr(at + 1, end_of_quote(text, at, false) - at - 1);
    const bool named = is_name(first);
    safe += named ? first : "...";
    at = named ? at + 1 + first.size() : end_of_quote(text, at, true);
    if (at < text.size()) safe += text[at];
  }
  return safe;
}

}  // namespace batchd::core
