#include "config/api_key.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "config/config.h"

namespace batchd::config {
namespace {

using core::Errc;
using core::Error;

constexpr std::string_view kSpace = " \t\r\n";

core::Result<std::string> judge(std::string_view text, const std::string& place) {
  const auto key = api_key_in(text, place);
  if (!key) return key.error();
  return std::string(*key);
}

core::Result<std::string> from_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Error{Errc::invalid, "can't read the key in " + path + ": " + std::strerror(errno) +
                                    " (`sudo batchctl setup gemini` puts one there)"};
  return read_api_key(file, path);
}

// A file that can't be read isn't the same as none.
bool there_is(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

std::string upper(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

// The key is sent as a header's value: nothing in it may end or split the header.
core::Result<std::string_view> api_key_in(std::string_view text, const std::string& place) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return Error{Errc::invalid, place + " holds no key"};
  text = text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  if (text.size() > kApiKeyBytesMax || !std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }))
    return Error{Errc::invalid, place + " doesn't hold one key of printable characters"};
  return text;
}

std::string mask_key(std::string words, std::string_view key) {
  constexpr std::string_view kInstead = "(the key)";
  if (key.empty()) return words;
  for (auto at = words.find(key); at != words.npos; at = words.find(key, at + kInstead.size()))
    words.replace(at, key.size(), kInstead);
  return words;
}

std::string api_key_variable(const std::string& account) { return "BATCHD_ACCOUNTS__" + upper(account) + "__API_KEY"; }

core::Result<std::string> read_api_key(std::istream& input, const std::string& place) {
  std::string text(kApiKeyBytesMax + kApiKeyBytesMax, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!input && !input.eof()) return Error{Errc::invalid, "can't read " + place};
  text.resize(static_cast<std::size_t>(input.gcount()));
  return judge(text, place);
}

core::Result<std::string> read_api_key(const std::string& name, const Account& account,
                                       const Environment& environment) {
  if (!account.api_key_file.empty()) return from_file(account.api_key_file);
  struct Place {
    std::string credential, variable;
  };
  const Place own{name + ".api_key", api_key_variable(name)};
  const Place of_kind{account.kind + "_api_key", "BATCHD_" + upper(account.kind) + "_API_KEY"};
  const auto folder = environment.find("CREDENTIALS_DIRECTORY");
  for (const auto& [credential, variable] : {own, of_kind}) {
    if (folder != environment.end())
      if (const auto path = folder->second + '/' + credential; there_is(path)) return from_file(path);
    if (const auto key = environment.find(variable); key != environment.end())
      return judge(key->second, '$' + variable);
  }
  if (const auto path = std::string(kKeyFolder) + '/' + of_kind.credential; there_is(path)) return from_file(path);
  return Error{Errc::not_found,
               "no API key: run \"batchctl setup gemini\" as root (or set api_key_file, the systemd "
               "credential " +
                   of_kind.credential + ", or $" + of_kind.variable + ")"};
}

}  // namespace batchd::config
