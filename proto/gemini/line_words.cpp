#include "proto/gemini/line_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "proto/control_document.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kLineWordsBytesMax = 500;
constexpr std::string_view kMarker = "Error on line ";
constexpr std::string_view kNoWords = "refused by the provider";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number of an entry's head, and how long the head is.
struct Head {
  std::int64_t line = 0;
  std::size_t bytes = 0;
};

// Reads "Error on line N: " at the beginning of `text`.
std::optional<Head> read_head(std::string_view text) {
  if (!text.starts_with(kMarker)) return std::nullopt;
  Head head;
  const char* const begin = text.data() + kMarker.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), head.line);
  head.bytes = static_cast<std::size_t>(end - text.data()) + 2;
  if (error != std::errc{} || head.line < 1 || text.substr(head.bytes - 2, 2) != ": ") return std::nullopt;
  return head;
}

// An apostrophe inside a word is no quotation mark.
bool is_quotation_mark(std::string_view text, std::size_t at) {
  if (text[at] == '"' || text[at] == '`') return true;
  if (text[at] != '\'') return false;
  return at == 0 || at + 1 == text.size() || !is_letter(text[at - 1]) || !is_letter(text[at + 1]);
}

// A place in a text: [begin, end).
struct Place {
  std::size_t begin = 0, end = 0;
};

// Returns the first number of a line or column at or after `from`: "column 49".
std::optional<Place> find_number(std::string_view text, std::size_t from) {
  constexpr std::array<std::string_view, 5> kinds{"line ", "column ", "col ", "offset ", "position "};
  std::optional<Place> first;
  for (const auto kind : kinds) {
    for (auto at = text.find(kind, from); at != std::string_view::npos; at = text.find(kind, at + 1)) {
      if (first && first->begin <= at) break;
      const auto number = at + kind.size();
      const bool word = at == 0 || !is_letter(text[at - 1]);
      if (!word || number == text.size() || !is_digit(text[number])) continue;
      const auto* const end = std::find_if_not(text.data() + number, text.data() + text.size(), is_digit);
      first = Place{at, static_cast<std::size_t>(end - text.data())};
      break;
    }
  }
  return first;
}

// The same with the words and marks before it that belong to it: ", near column 49", " on line 7".
std::optional<Place> find_phrase(std::string_view text, std::size_t from) {
  constexpr std::array<std::string_view, 4> before{"near ", "at ", "on ", "in "};
  auto place = find_number(text, from);
  if (!place) return std::nullopt;
  const auto head = [&] { return text.substr(from, place->begin - from); };
  const auto word = std::ranges::find_if(before, [&](std::string_view each) { return head().ends_with(each); });
  if (word != before.end()) place->begin -= word->size();
  while (head().ends_with(' ') || head().ends_with(',')) --place->begin;
  return place;
}

// Returns the first place at or after `from`: phrases that follow each other, with the brackets around them.
std::optional<Place> find_place(std::string_view text, std::size_t from) {
  auto place = find_phrase(text, from);
  if (!place) return std::nullopt;
  for (auto next = find_phrase(text, place->end); next && next->begin == place->end;
       next = find_phrase(text, place->end))
    place->end = next->end;
  const bool bracket = place->begin > from && text[place->begin - 1] == '(' && text.substr(place->end).starts_with(')');
  if (!bracket) return place;
  --place->begin;
  ++place->end;
  if (place->begin > from && text[place->begin - 1] == ' ') --place->begin;
  return place;
}

void append_without_places(std::string& out, std::string_view text) {
  std::size_t from = 0;
  while (const auto place = find_place(text, from)) {
    out += text.substr(from, place->begin - from);
    from = place->end;
  }
  out += text.substr(from);
}

// What is between the first and the last quotation mark is quoted.
void append_unquoted_without_places(std::string& out, std::string_view text) {
  std::size_t first = text.size(), last = text.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_quotation_mark(text, at)) continue;
    if (first == text.size()) first = at;
    last = at;
  }
  if (first == last) last = text.size();  // the quotation has no end
  append_without_places(out, text.substr(0, first));
  out += text.substr(first, last - first);
  append_without_places(out, text.substr(last));
}

std::string words_of_line(std::string_view text) {
  std::string words;
  // Twice the bound is enough to read: what is cut out of it are a few short places.
  append_unquoted_without_places(words, bounded_text(text, 2 * kLineWordsBytesMax));
  words = bounded_text(words, kLineWordsBytesMax);
  while (words.ends_with('\n') || words.ends_with(' ')) words.pop_back();
  return words.empty() ? std::string(kNoWords) : words;
}

}  // namespace

std::vector<NamedLine> named_lines(std::string_view message) {
  std::vector<NamedLine> lines;
  std::size_t words_begin = 0;  // of the last line that was found
  const auto end_words = [&](std::size_t end) {
    if (!lines.empty()) lines.back().words = words_of_line(message.substr(words_begin, end - words_begin));
  };
  std::size_t at = 0;
  while (at < message.size() && lines.size() < kNamedLinesMax) {
    const auto head = read_head(message.substr(at));
    if (head && (lines.empty() || head->line > lines.back().line)) {
      end_words(at);
      lines.push_back({.line = head->line, .words = {}});
      words_begin = at + head->bytes;
    }
    const auto line_end = message.find('\n', at);
    at = line_end == std::string_view::npos ? message.size() : line_end + 1;
  }
  end_words(at);
  return lines;
}

// Each line of a text quotes for itself.
std::string without_places(std::string_view text) {
  std::string out;
  for (;;) {
    const auto end = text.find('\n');
    append_unquoted_without_places(out, text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace batchd::proto
