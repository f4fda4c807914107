#include "config/api_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "config/config.h"
#include "config/variables.h"

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

// `hint` is said of a file that can't be read.
core::Result<std::string> from_file(const std::string& path, const std::string& hint = {}) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::invalid, "can't read the key in " + path + ": " + std::strerror(errno) + hint};
  return read_api_key(file, path);
}

// A file that can't be read isn't the same as none.
bool there_is(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
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

OwnKey own_key(const std::string& account) {
  return {.credential = account + ".api_key", .variable = "BATCHD_ACCOUNTS__" + in_variable(account) + "__API_KEY"};
}

SharedKey shared_key(const std::string& kind) {
  const auto name = kind + "_api_key";
  return {.kind = kind,
          .credential = name,
          .variable = "BATCHD_" + in_variable(kind) + "_API_KEY",
          .file = "/etc/batchd/" + name,
          .stored = "/etc/credstore/batchd." + name};
}

std::string own_key_place(const std::string& account, const std::string& credentials, const Environment& environment) {
  const auto own = own_key(account);
  if (there_is(credentials + '/' + own.credential)) return "the credential " + own.credential;
  return environment.contains(own.variable) ? '$' + own.variable : "";
}

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
  const auto own = own_key(name);
  const auto shared = shared_key(account.kind);
  const auto setup = "batchctl setup " + account.kind;
  const auto hint = " (`sudo " + setup + "` puts one there)";
  const struct {
    const std::string &credential, &variable;
    std::string hint;  // only what setup writes has one
  } places[] = {{own.credential, own.variable, {}}, {shared.credential, shared.variable, hint}};
  const auto folder = environment.find("CREDENTIALS_DIRECTORY");
  // If systemd hands no credential over, the folder that it names is closed to us.
  const bool handed = folder != environment.end() && ::access(folder->second.c_str(), X_OK) == 0;
  for (const auto& place : places) {
    if (handed)
      if (const auto path = folder->second + '/' + place.credential; there_is(path)) return from_file(path, place.hint);
    if (const auto key = environment.find(place.variable); key != environment.end())
      return judge(key->second, '$' + place.variable);
  }
  if (there_is(shared.file)) return from_file(shared.file, hint);
  return Error{Errc::not_found, "no API key: run \"" + setup +
                                    "\" as root (or set api_key_file, the systemd credential " + shared.credential +
                                    ", or $" + shared.variable + ")"};
}

}  // namespace batchd::config
