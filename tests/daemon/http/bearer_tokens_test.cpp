// The tokens file and the tokens of requests, without a server.
#include "daemon/http/bearer_tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "proto/json/base64.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

constexpr const char* kSecret = "secret-0123456789";

TEST(BearerTokens, LinesBecomeOwners) {
  const auto lines = parse_tokens(
      "# who may call\n\nann  secret-0123456789\r\n  bob.B_1-x\tsecret-b-0123456789 admin  \n"
      "ann another-one-of-ann");
  ASSERT_TRUE(lines) << lines.error().detail;
  ASSERT_EQ(lines->size(), 3u);
  EXPECT_EQ((*lines)[0].owner, "ann");
  EXPECT_EQ((*lines)[0].digest, json::sha256(kSecret));
  EXPECT_FALSE((*lines)[0].admin);
  EXPECT_EQ((*lines)[1].owner, "bob.B_1-x");
  EXPECT_TRUE((*lines)[1].admin);
  EXPECT_EQ((*lines)[2].owner, "ann");
  EXPECT_TRUE(parse_tokens("")->empty());
  EXPECT_TRUE(parse_tokens("ann " + std::string(256, 't')));
  EXPECT_TRUE(parse_tokens(std::string(64, 'o') + " 0123456789abcdef"));
}

TEST(BearerTokens, AFaultNamesItsLineAndNoSecret) {
  const std::string kFaulty[] = {
      "ann",
      "ann short",
      "ann " + std::string(257, 's'),
      "ann secret-0123456789 Admin",
      "ann secret-0123456789 admin too",
      "ann secr\x01t-0123456789",
      "ann secr\xc3\xa9t-0123456789",
      "a/nn secret-0123456789",
      std::string(65, 'o') + " secret-0123456789",
      "bob first-0123456789ab",  // there already
  };
  for (const auto& line : kFaulty) {
    const auto lines = parse_tokens("ann first-0123456789ab\n\n" + line + "\n");
    ASSERT_FALSE(lines) << line;
    EXPECT_EQ(lines.error().code, core::Errc::invalid);
    EXPECT_TRUE(lines.error().detail.starts_with("line 3: ")) << lines.error().detail;
    EXPECT_EQ(lines.error().detail.find("0123456789"), std::string::npos) << lines.error().detail;
  }
}

TEST(BearerTokens, AFileThatOthersMayUseIsRefused) {
  std::string folder = "/tmp/batchd-tokens-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto path = folder + "/tokens";
  EXPECT_EQ(read_tokens(path).error().code, core::Errc::invalid);
  EXPECT_EQ(read_tokens(folder).error().code, core::Errc::invalid);
  std::ofstream(path) << "ann " << kSecret << "\n";
  for (const auto& [mode, good] :
       {std::pair{0600, true}, {0640, true}, {0660, true}, {0644, false}, {0602, false}, {0601, false}}) {
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
    const auto lines = read_tokens(path);
    EXPECT_EQ(lines.has_value(), good) << mode;
    if (!lines) {
      EXPECT_EQ(lines.error().detail.find(kSecret), std::string::npos);
    }
  }
  // Who may open the socket could read a token, and be its owner.
  for (const auto& [mode, good] : {std::pair{0600, true}, {0640, false}, {0610, false}}) {
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
    EXPECT_EQ(read_tokens(path, ::getegid()).has_value(), good) << mode;
    EXPECT_TRUE(read_tokens(path, ::getegid() + 1).has_value()) << mode;
  }
  ::chmod(path.c_str(), 0600);
  std::ofstream(path, std::ios::app) << std::string(1 << 20, '#');
  EXPECT_FALSE(read_tokens(path));
  std::filesystem::remove_all(folder);
}

TEST(BearerTokens, WhereARequestCarriesItsToken) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Case {
    Pairs headers, query;
    std::string token;
    Pairs query_after;
  };
  const auto basic = "Basic " + json::base64_encode("anybody:pass:word");
  const Case table[] = {
      {{}, {}, "", {}},
      {{{"authorization", "Bearer abc"}}, {}, "abc", {}},
      {{{"authorization", "bearer  abc "}}, {}, "abc", {}},
      {{{"authorization", basic}}, {}, "pass:word", {}},
      {{{"authorization", "Basic ???"}}, {}, "", {}},
      {{{"authorization", "Basic " + json::base64_encode("nocolon")}}, {}, "", {}},
      {{{"authorization", "Digest abc"}}, {}, "", {}},
      {{{"x-goog-api-key", "abc"}}, {{"key", "mine"}}, "abc", {{"key", "mine"}}},
      {{{"authorization", "Bearer abc"}, {"x-goog-api-key", "other"}}, {}, "abc", {}},
      {{}, {{"a", "1"}, {"key", "abc"}, {"b", "2"}, {"key", "twice"}}, "abc", {{"a", "1"}, {"b", "2"}}},
  };
  for (const auto& [headers, query, token, query_after] : table) {
    RequestHead head;
    head.headers = headers;
    head.query = query;
    EXPECT_EQ(take_token(head), token);
    EXPECT_EQ(head.query, query_after);
  }
}

TEST(BearerTokens, OnlyAWholeTokenIsKnown) {
  BearerTokens tokens;
  EXPECT_FALSE(tokens.peer_of(kSecret));
  tokens.replace({{json::sha256(kSecret), Peer{core::OwnerId{7}, true, true}}});
  const auto peer = tokens.peer_of(kSecret);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->owner, core::OwnerId{7});
  EXPECT_TRUE(peer->admin && peer->known);
  EXPECT_FALSE(tokens.peer_of(""));
  EXPECT_FALSE(tokens.peer_of("secret-012345678"));
  EXPECT_FALSE(tokens.peer_of("secret-0123456789 "));
  EXPECT_FALSE(tokens.peer_of(json::sha256(kSecret)));
  tokens.replace({});
  EXPECT_FALSE(tokens.peer_of(kSecret));
}

TEST(BearerTokens, OneThatChangesIsNoLongerInForce) {
  BearerTokens tokens;
  const auto load = [&](std::vector<std::pair<const char*, Peer>> lines) {
    BearerTokens::Peers peers;
    for (const auto& [token, peer] : lines) peers.emplace(json::sha256(token), peer);
    tokens.replace(std::move(peers));
  };
  const char* other = "another-0123456789abcdef";
  const Peer ann{core::OwnerId{7}, false, true}, bob{core::OwnerId{8}, false, true}, root{core::OwnerId{7}, true, true};
  EXPECT_TRUE(tokens.in_force(0)) << "callers on the Unix socket have none";
  load({{kSecret, ann}, {other, bob}});
  const auto ann_was = tokens.peer_of(kSecret)->credential;
  const auto bob_was = tokens.peer_of(other)->credential;
  EXPECT_NE(ann_was, 0u);
  EXPECT_NE(ann_was, bob_was);
  load({{kSecret, ann}});
  EXPECT_TRUE(tokens.in_force(ann_was)) << "it is the same";
  EXPECT_FALSE(tokens.in_force(bob_was));
  load({{kSecret, root}, {other, bob}});
  EXPECT_FALSE(tokens.in_force(ann_was)) << "its rights are others";
  EXPECT_FALSE(tokens.in_force(bob_was)) << "it was gone in between";
  EXPECT_TRUE(tokens.in_force(tokens.peer_of(other)->credential));
}

}  // namespace
}  // namespace batchd::daemon
