// The tokens file: each line that counts becomes an owner with a token that nobody else has, a fault names its line and
// nothing of it, and every token of the file is found again however a request carries it. The same bytes, as what a
// request carries, are never more than themselves.
#include "daemon/http/bearer_tokens.h"

#include <array>
#include <string>
#include <unordered_set>
#include <vector>

#include "proto/json/base64.h"
#include "proto/json/digest.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;
using namespace batchd::daemon;

namespace {

constexpr std::string_view kNameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
constexpr std::array<std::string_view, 4> kFaults{"an owner's name has 1 to 64 characters of A-Z, a-z, 0-9, ., _ and -",
                                                  "a token has 16 to 256 printable ASCII characters without spaces",
                                                  "after the token there may be the word admin, and nothing else",
                                                  "this token is there twice"};

using Words = std::vector<std::string>;

Words words_of(std::string_view line) {
  Words words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != line.npos;) {
    const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// The words of each line, those of a comment left out.
std::vector<Words> lines_of(std::string_view text) {
  std::vector<Words> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    lines.push_back(words_of(line));
    if (!lines.back().empty() && lines.back()[0][0] == '#') lines.back().clear();
  }
  return lines;
}

// What is wrong with a line, as a number of kFaults; -1: nothing.
int fault_of(const Words& words, std::unordered_set<std::string>& seen) {
  const auto& owner = words[0];
  if (owner.size() > 64 || owner.find_first_not_of(kNameChars) != owner.npos) return 0;
  if (words.size() < 2 || words[1].size() < 16 || words[1].size() > 256) return 1;
  for (const char c : words[1])
    if (c < '!' || c > '~') return 1;
  if (words.size() > 3 || (words.size() == 3 && words[2] != "admin")) return 2;
  return seen.insert(words[1]).second ? -1 : 3;
}

// The error's text for the first line that has a fault; empty if none has.
std::string expected_fault(const std::vector<Words>& lines) {
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const int fault = fault_of(lines[i], seen);
    if (fault >= 0)
      return "line " + std::to_string(i + 1) + ": " + std::string(kFaults.at(static_cast<std::size_t>(fault)));
  }
  return {};
}

void check_carried(const std::string& token) {
  const auto taken = [](const char* name, const std::string& value) {
    RequestHead head;
    head.headers.emplace_back(name, value);
    return take_token(head);
  };
  CHECK(taken("authorization", "Bearer " + token) == token && taken("authorization", "bEARER \t" + token) == token);
  CHECK(taken("authorization", "Basic " + json::base64_encode("any body:" + token)) == token);
  CHECK(taken("x-goog-api-key", token) == token && taken("x-other", token).empty());
  RequestHead head;
  head.query = {{"a", "1"}, {"key", token}, {"key", "second"}, {"b", token}};
  CHECK(take_token(head) == token && head.query.size() == 2 && !head.query_value("key"));
}

void check_known(const std::vector<Words>& lines, const std::vector<TokenLine>& read) {
  BearerTokens::Peers peers;
  for (std::size_t i = 0; i < read.size(); ++i)
    peers.emplace(read[i].digest, Peer{core::OwnerId{static_cast<std::uint32_t>(i + 1)}, read[i].admin, true});
  CHECK(peers.size() == read.size());
  BearerTokens tokens;
  tokens.replace(std::move(peers));
  std::size_t number = 0;
  for (const auto& words : lines) {
    if (words.empty()) continue;
    const auto& line = read.at(number++);
    CHECK(line.owner == words[0] && !line.owner.empty());
    CHECK(line.digest == json::sha256(words[1]) && line.digest.size() == 32);
    CHECK(line.admin == (words.size() == 3));
    const auto peer = tokens.peer_of(words[1]);
    CHECK(peer && peer->owner == core::OwnerId{static_cast<std::uint32_t>(number)} && peer->admin == line.admin);
    CHECK(tokens.in_force(peer->credential) && peer->credential != 0);
    check_carried(words[1]);
  }
  CHECK(number == read.size());
  CHECK(!tokens.peer_of("") && !tokens.peer_of(read.empty() ? "" : read[0].digest));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text(data, size);
  const auto lines = lines_of(text);
  const auto fault = expected_fault(lines);
  const auto read = parse_tokens(text);
  CHECK(read.has_value() == fault.empty());
  if (!read) {
    CHECK(read.error().code == core::Errc::invalid && read.error().detail == fault);
  } else {
    check_known(lines, *read);
    const auto twice = std::string(text) + "\n" + std::string(text);
    CHECK(parse_tokens(twice).has_value() == read->empty());
  }
  RequestHead head;
  head.headers.emplace_back("authorization", text);
  CHECK(take_token(head).size() <= text.size());
  return 0;
}
