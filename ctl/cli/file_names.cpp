#include "ctl/cli/file_names.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ctl/console/console.h"

namespace batchd::ctl {
namespace {

using Words = std::string_view;

constexpr std::size_t kShownBytes = 80;

constexpr std::array<Words, 5> kPathBeginnings{"/", "./", "../", "~/", "file:"};
constexpr std::array<Words, 4> kLineEndings{".jsonl", ".ndjson", ".jsonlines", ".jl"};
constexpr std::array<Words, 7> kPackedEndings{".gz", ".zst", ".bz2", ".xz", ".zip", ".tar", ".tgz"};
constexpr std::array<Words, 24> kOtherEndings{".json", ".csv",  ".tsv",     ".txt", ".text", ".md",  ".rst",  ".yaml",
                                              ".yml",  ".toml", ".parquet", ".xml", ".html", ".htm", ".pdf",  ".doc",
                                              ".docx", ".odt",  ".log",     ".jpg", ".jpeg", ".png", ".conf", ".py"};

template <std::size_t N>
bool ends_with_any(std::string_view text, const std::array<Words, N>& endings) {
  return std::ranges::any_of(endings, [text](Words ending) { return text.ends_with(ending); });
}

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

bool has_white_space(std::string_view text) { return text.find_first_of(kWhiteSpace) != text.npos; }

// Lists of names have been seen with the line ends of another system.
std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kWhiteSpace);
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kWhiteSpace) + 1 - begin));
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool looks_like_path(const std::string& lower) {
  if (has_white_space(lower)) {  // a sentence, unless it begins as none does
    constexpr std::array<Words, 4> kNoSentence{"file:", "~/", "./", "../"};
    const bool one_line = lower.find('\n') == lower.npos;
    return one_line && std::ranges::any_of(kNoSentence, [&](Words beginning) { return lower.starts_with(beginning); });
  }
  if (lower == "." || lower == ".." || lower == "~") return true;
  const auto begins = [&](Words beginning) { return lower.starts_with(beginning); };
  return std::ranges::any_of(kPathBeginnings, begins) || ends_with_any(lower, kLineEndings) ||
         ends_with_any(lower, kPackedEndings) || ends_with_any(lower, kOtherEndings);
}

// Returns what sends the content of a file with this name.
std::string right_way(const std::string& lower, bool folder) {
  if (folder) return "Name a file in it";
  if (ends_with_any(lower, kPackedEndings))
    return "Unpack it first: zcat FILE | batchctl submit ... --jsonl - --group NAME";
  if (ends_with_any(lower, kLineEndings)) return "A file of lines goes by --jsonl FILE";
  return "A request object in a file goes by --body FILE, a file of lines by --jsonl FILE, a prompt in a file by - "
         "<FILE";
}

}  // namespace

bool names_lines(const std::string& given) {
  const auto text = trimmed(given);
  if (!text.ends_with(".jsonl") && !text.ends_with(".ndjson")) return false;
  if (text.starts_with('@')) return false;
  return !has_white_space(text) || ::access(text.c_str(), F_OK) == 0;
}

std::string file_name_fault(const std::string& given) {
  const auto text = trimmed(given);
  const bool marked = text.starts_with('@');
  const auto name = marked ? text.substr(1) : text;
  const auto lower = lower_case(name);
  struct stat facts {};
  const bool exists = !name.empty() && ::stat(name.c_str(), &facts) == 0;
  const bool folder = exists && S_ISDIR(facts.st_mode);
  if (!marked && !exists && !looks_like_path(lower)) return {};
  const std::string what = marked   ? "begins with @, as the name of a file does elsewhere"
                           : folder ? "is a folder"
                           : exists ? "is a file"
                                    : "looks like the name of a file";
  return '"' + printable(text.substr(0, kShownBytes)) + "\" " + what + ", so it isn't sent as a prompt. " +
         right_way(lower, folder) + ". To send these words themselves: --text";
}

}  // namespace batchd::ctl
