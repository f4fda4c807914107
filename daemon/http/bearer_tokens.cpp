#include "daemon/http/bearer_tokens.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <unordered_set>

#include "daemon/http/text.h"
#include "proto/json/base64.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kOwnerBytesMax = 64;
constexpr std::size_t kTokenBytesMin = 16;
constexpr std::size_t kTokenBytesMax = 256;
constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kBlanks = " \t\r";

core::Error invalid(std::string detail) { return {core::Errc::invalid, std::move(detail)}; }
core::Error invalid(int line, std::string_view what) {
  return invalid("line " + std::to_string(line) + ": " + std::string(what));
}

// Removes the first word from `text` and returns it.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const auto word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

bool is_owner(std::string_view name) {
  return !name.empty() && name.size() <= kOwnerBytesMax && std::ranges::all_of(name, [](char c) {
    const char letter = lower(c);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

bool is_token(std::string_view token) {
  return token.size() >= kTokenBytesMin && token.size() <= kTokenBytesMax &&
         std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
}

core::Result<std::string> contents(int fd, const std::string& path, std::optional<gid_t> clients) {
  const auto failed = [&path](std::string_view doing) {
    return invalid(path + ": " + std::string(doing) + ": " + std::generic_category().message(errno));
  };
  if (fd < 0) return failed("open");
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed("stat");
  if (!S_ISREG(info.st_mode)) return invalid(path + ": isn't a file");
  if ((info.st_mode & 007) != 0) return invalid(path + ": others may use it; chmod o= is needed");
  if (clients && info.st_gid == *clients && (info.st_mode & 070) != 0)
    return invalid(path +
                   ": the socket's group can read it, so its members could pose as any owner; run chmod g=");
  std::string text(kFileBytesMax + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const auto got = ::read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > kFileBytesMax) return invalid(path + ": is over 1 MiB");
  text.resize(filled);
  return text;
}

// Returns the token in "Bearer TOKEN", or in "Basic BASE64(user:TOKEN)" as browsers and curl -u send it; else empty.
std::string token_of_authorization(std::string_view value) {
  std::string scheme(take_word(value));
  std::ranges::transform(scheme, scheme.begin(), lower);
  const auto credentials = take_word(value);
  if (scheme == "bearer") return std::string(credentials);
  if (scheme != "basic") return {};
  const auto pair = json::base64_decode(credentials);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  return colon == std::string::npos ? std::string() : pair->substr(colon + 1);
}

}  // namespace

core::Result<std::vector<TokenLine>> parse_tokens(std::string_view text) {
  std::vector<TokenLine> lines;
  std::unordered_set<std::string> known;
  for (int number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto owner = take_word(line);
    if (owner.empty() || owner.starts_with('#')) continue;
    const auto token = take_word(line);
    const auto role = take_word(line);
    if (!is_owner(owner)) return invalid(number, "an owner's name has 1 to 64 characters of A-Z, a-z, 0-9, ., _ and -");
    if (!is_token(token)) return invalid(number, "a token has 16 to 256 printable ASCII characters without spaces");
    if ((!role.empty() && role != "admin") || !take_word(line).empty())
      return invalid(number, "after the token there may be the word admin, and nothing else");
    auto digest = json::sha256(token);
    if (!known.insert(digest).second) return invalid(number, "this token is there twice");
    lines.push_back({std::string(owner), std::move(digest), !role.empty()});
  }
  return lines;
}

core::Result<std::vector<TokenLine>> read_tokens(const std::string& path, std::optional<gid_t> clients) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const auto text = contents(fd, path, clients);
  if (fd >= 0) ::close(fd);
  if (!text) return text.error();
  auto lines = parse_tokens(*text);
  if (!lines) return invalid(path + ": " + lines.error().detail);
  return lines;
}

std::string take_token(RequestHead& head) {
  if (const auto authorization = head.header("authorization"); !authorization.empty())
    return token_of_authorization(authorization);
  if (const auto key = head.header("x-goog-api-key"); !key.empty()) return std::string(key);
  std::string token(head.query_value("key").value_or(""));
  if (!token.empty()) std::erase_if(head.query, [](const auto& pair) { return pair.first == "key"; });
  return token;
}

void BearerTokens::replace(Peers peers) {
  in_force_.clear();
  for (auto& [digest, peer] : peers) {
    const auto old = peers_.find(digest);
    const bool same = old != peers_.end() && old->second.owner == peer.owner && old->second.admin == peer.admin;
    peer.credential = same ? old->second.credential : ++last_credential_;
    in_force_.insert(peer.credential);
  }
  peers_ = std::move(peers);
}

std::optional<Peer> BearerTokens::peer_of(std::string_view token) const {
  if (!is_token(token)) return std::nullopt;
  // The lookup is by digest, so the time it takes doesn't reveal how much of a token was right.
  const auto found = peers_.find(json::sha256(token));
  return found == peers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace batchd::daemon
