#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "config/config.h"

namespace batchd::config {
namespace {

const Kinds kTwoKinds{"gemini", "depot"};

std::vector<Fault> faults_of(const std::string& toml, const Environment& environment = {},
                             const Kinds& kinds = kTwoKinds) {
  try {
    parse(toml, "test.toml", environment, kinds);
  } catch (const ConfigError& error) {
    return error.faults();
  }
  return {};
}

TEST(Load, NothingGivenMeansDefaults) {
  const auto c = load("", {}, kTwoKinds);
  EXPECT_EQ(c.server.socket, "/run/batchd/batchd.sock");
  EXPECT_EQ(c.server.socket_mode, 0660);
  EXPECT_EQ(c.packing.limits.max_age, seconds(60));
  EXPECT_EQ(c.submission.on_ambiguous, OnAmbiguous::fence);
  ASSERT_EQ(c.accounts.size(), 1u);
  EXPECT_EQ(c.accounts.begin()->first, "default");
  EXPECT_EQ(c.accounts.begin()->second.budget().stored_bytes, 20'000'000'000);
  EXPECT_EQ(c.accounts.begin()->second.base_url, "") << "that is for the provider to say";
}

TEST(Load, ValuesAreRead) {
  const auto c = parse(R"(
[server]
socket = "/tmp/x.sock"
socket_mode = "0600"
max_body = "1MiB"
allow_mapped_uids = true
[accounts.work]
base_url = "https://example.org:8443/"
max_jobs = 7
[packing]
max_items = 5
max_age = "500ms"
[packing."gemini-2.5-pro"]
max_tokens = 9
[submission]
on_ambiguous = "hold"
[polling]
first = "1s"
max = "2s"
[log]
level = "debug"
)",
                       "t", {}, kTwoKinds);
  EXPECT_EQ(c.server.socket, "/tmp/x.sock");
  EXPECT_EQ(c.server.socket_mode, 0600);
  EXPECT_EQ(c.server.max_body, 1 << 20);
  EXPECT_TRUE(c.server.allow_mapped_uids);
  ASSERT_EQ(c.accounts.size(), 1u);
  EXPECT_EQ(c.accounts.at("work").max_jobs, 7);
  EXPECT_EQ(c.submission.on_ambiguous, OnAmbiguous::hold);
  EXPECT_EQ(c.polling.schedule().max, seconds(2));
  EXPECT_EQ(c.log.level, LogLevel::debug);
  EXPECT_EQ(c.packing.of("gemini-2.5-pro").tokens, 9);
  EXPECT_EQ(c.packing.of("gemini-2.5-pro").items, 5) << "what a model's section leaves out comes from [packing]";
  EXPECT_EQ(c.packing.of("other").tokens, 2'000'000);
}

struct FaultCase {
  const char* toml;
  int line;
  const char* key;
  const char* what;  // contained
  const char* nearest;
};
class Faulty : public testing::TestWithParam<FaultCase> {};

TEST_P(Faulty, IsNamed) {
  const auto& expected = GetParam();
  const auto faults = faults_of(expected.toml);
  ASSERT_EQ(faults.size(), 1u) << expected.toml;
  EXPECT_EQ(faults[0].line, expected.line) << expected.toml;
  EXPECT_EQ(faults[0].key, expected.key);
  EXPECT_NE(faults[0].what.find(expected.what), std::string::npos) << faults[0].what;
  EXPECT_EQ(faults[0].nearest, expected.nearest);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Faulty,
    testing::Values(
        FaultCase{"[packing]\nmax_aeg = \"1s\"", 2, "packing.max_aeg", "unknown key", "max_age"},
        FaultCase{"[packing]\nquarantine = \"1s\"", 2, "packing.quarantine", "unknown key", "submission.quarantine"},
        FaultCase{"[packing]\nzzzzzzzz = 1", 2, "packing.zzzzzzzz", "unknown key", ""},
        FaultCase{"\n[packign]\nmax_age = \"1s\"", 2, "packign", "unknown section", "packing"},
        FaultCase{"server = 1", 1, "server", "must be a section", ""},
        FaultCase{"accounts = 1", 1, "accounts", "must be a section", ""},
        FaultCase{"[accounts]\nkind = \"gemini\"", 2, "accounts.kind", "must be a section", ""},
        FaultCase{"[packing]\nmax_age = 60", 2, "packing.max_age", "time with a unit", ""},
        FaultCase{"[packing]\nmax_age = \"60\"", 2, "packing.max_age", "time with a unit", ""},
        FaultCase{"[packing]\nmax_age = \"0s\"", 2, "packing.max_age", "between 1ms and", ""},
        FaultCase{"[packing]\nmax_bytes = 100", 2, "packing.max_bytes", "size with a unit", ""},
        FaultCase{"[packing]\nmax_bytes = \"3GB\"", 2, "packing.max_bytes", "between 1KiB and 2GB", ""},
        FaultCase{"[packing]\nmax_items = \"100\"", 2, "packing.max_items", "without quotes", ""},
        FaultCase{"[packing]\nmax_items = 0", 2, "packing.max_items", "between 1 and", ""},
        FaultCase{"[packing.m]\nmax_item = 1", 2, "packing.m.max_item", "unknown key", "max_items"},
        FaultCase{"[server]\nsocket = 1", 2, "server.socket", "must be a string", ""},
        FaultCase{"[server]\nsocket = \"a\\u0000b\"", 2, "server.socket", "control characters", ""},
        FaultCase{"[server]\nsocket = \"\"", 2, "server.socket", "must not be empty", ""},
        FaultCase{"[server]\nsocket_mode = \"0668\"", 2, "server.socket_mode", "octal", ""},
        FaultCase{"[server]\nsocket_mode = 660", 2, "server.socket_mode", "octal", ""},
        FaultCase{"[server]\nsocket_mode = \"07777\"", 2, "server.socket_mode", "octal", ""},
        FaultCase{"[server]\nallow_mapped_uids = \"yes\"", 2, "server.allow_mapped_uids", "true or false", ""},
        FaultCase{"[server]\nmax_body = \"33MiB\"", 2, "server.max_body", "and 32MiB", ""},
        FaultCase{"[submission]\non_ambiguous = \"guess\"", 2, "submission.on_ambiguous", "\"fence\", \"hold\"", ""},
        FaultCase{"[submission]\nfile_age_max = \"48h\"", 2, "submission.file_age_max", "less than 48h", ""},
        FaultCase{"[polling]\nfirst = \"10m\"", 0, "polling.max", "less than first", ""},
        FaultCase{"[retry]\nmax = \"10ms\"", 2, "retry.max", "less than first", ""},
        FaultCase{"[accounts.a]\nkind = \"openai\"", 2, "accounts.a.kind", "one of \"gemini\", \"depot\"", ""},
        FaultCase{"[accounts.a]\nkind = \"dept\"", 2, "accounts.a.kind", "one of \"gemini\", \"depot\"", "depot"},
        FaultCase{"[accounts.a]\nkind = \"\"", 2, "accounts.a.kind", "one of", ""},
        FaultCase{"[accounts.A]\n", 1, "accounts.A", "a-z", ""},
        FaultCase{"[accounts]\n", 1, "accounts", "at least one", ""},
        FaultCase{"[accounts.a]\nbase_url = \"example.org\"", 2, "accounts.a.base_url", "https://", ""},
        FaultCase{"[accounts.a-b]\n[accounts.a_b]\n", 2, "accounts.a_b", "accounts.a-b, $BATCHD_ACCOUNTS__A_B__API",
                  ""},
        FaultCase{"[accounts.a]\nbase_url = \"http://x\"", 2, "accounts.a.base_url", "clear text", ""},
        FaultCase{"[accounts.a]\nbase_url = \"http://localhost.evil\"", 2, "accounts.a.base_url", "clear text", ""},
        FaultCase{"[packing\n", 1, "", "", ""}, FaultCase{"[log]\nlevel = \"info\"\nlevel = \"warn\"", 3, "", "", ""}));

TEST(Load, CleartextIsForThisHost) {
  for (const char* url : {"http://127.0.0.1:9009", "http://localhost", "http://[::1]:80"})
    EXPECT_TRUE(faults_of(std::string("[accounts.a]\nbase_url = \"") + url + '"').empty()) << url;
}

TEST(Load, ABaseUrlMayHaveAPath) {
  const auto faults = [](const std::string& url) {
    return faults_of("[accounts.a]\nbase_url = \"" + url + '"').size();
  };
  for (const char* url : {"", "https://x", "https://x/", "https://x.example:8443/v1", "https://x/openai/v1/",
                          "https://[::1]:80/a", "https://x/A-z_0.9~/..a/...", "http://127.0.0.1:1/p"})
    EXPECT_EQ(faults(url), 0u) << url;
  for (const char* url :
       {"https://",          "https:///v1",     "https://x//",      "https://x/a//b", "https://x/.",
        "https://x/../v1",   "https://x/a/./b", "https://x/v1?a=b", "https://x/v1#a", "https://u@x/v1",
        "https://x/a b",     "https://x/%2e",   "https://x/a:b",    "https://x\\\\y", "https://x:0",
        "https://x:65536",   "https://x:/v1",   "https://x:a",      "https://[::1",   "https://[x]/",
        "https://[::1]a:80", "https://x y",     "ftp://x",          "x/v1",           "http://x/v1"})
    EXPECT_EQ(faults(url), 1u) << url;
}

// A program that calls no provider can't know which there are.
TEST(Load, AnyKindIsTakenWhereNoneIsKnown) {
  const auto faults = [](const std::string& kind) {
    return faults_of("[accounts.a]\nkind = \"" + kind + '"', {}, kAnyKind).size();
  };
  for (const char* kind : {"gemini", "a", "0", "a-b_9", "abcdefghijklmnopqrstuvwxyz012345"})
    EXPECT_EQ(faults(kind), 0u) << kind;
  for (const char* kind : {"", "Gemini", "a b", "a/b", "..", "abcdefghijklmnopqrstuvwxyz0123456"})
    EXPECT_EQ(faults(kind), 1u) << kind;
}

TEST(Load, TheOnlyKindIsNamed) {
  const auto faults = faults_of("[accounts.a]\nkind = \"germini\"", {}, {"gemini"});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(to_text(faults[0]), "accounts.a.kind: must be \"gemini\" (did you mean gemini?)");
}

TEST(Load, AnAccountWithAKeyFileReadsNoVariable) {
  EXPECT_TRUE(faults_of("[accounts.a-b]\napi_key_file = \"/k\"\n[accounts.a_b]\n", {}, {}).empty());
}

// What one reads, the other would send.
TEST(Load, NoTwoKindsShareAVariable) {
  const Kinds kinds{"a-b", "a_b", "accounts__x_"};
  EXPECT_TRUE(faults_of("[accounts.x]\nkind = \"a-b\"\n[accounts.y]\nkind = \"a-b\"", {}, kinds).empty());
  const auto faults = faults_of("[accounts.x]\nkind = \"a-b\"\n[accounts.y]\nkind = \"a_b\"", {}, kinds);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].line, 4);
  EXPECT_EQ(to_text(faults[0]),
            "accounts.y.kind: would have its API key in the same variable as the kind a-b, $BATCHD_A_B_API_KEY");
  EXPECT_EQ(faults_of("[accounts.x]\nkind = \"accounts__x_\"", {}, kinds).size(), 1u);
}

TEST(Load, AnAddressIsListenedOnNotAName) {
  const auto faults = [](const std::string& listen) {
    return faults_of("[server]\ntokens_file = \"/t\"\nallow_remote = true\nlisten = \"" + listen + '"').size();
  };
  for (const char* listen : {"127.0.0.1:80", "localhost:80", "[::1]:80", "0.0.0.0:0", "[::]:65535", "192.168.1.5:1"})
    EXPECT_EQ(faults(listen), 0u) << listen;
  for (const char* listen : {"example.org:80", "batch:80", "::1:80", "[127.0.0.1]:80", "[localhost]:80", "[]:80",
                             "[:80", "1.2.3:80", "127.0.0.1", ":80", "127.0.0.1:65536"})
    EXPECT_EQ(faults(listen), 1u) << listen;
}

TEST(Load, AllFaultsAtOnceInTheOrderOfTheFile) {
  const auto faults = faults_of("[server]\nsoket = \"x\"\n[packing]\nmax_age = 1\n[retry]\nmax = \"10ms\"\n",
                                {{"BATCHD_LOG__LEVEL", "loud"}});
  ASSERT_EQ(faults.size(), 4u);
  EXPECT_EQ(faults[0].key, "BATCHD_LOG__LEVEL");
  EXPECT_EQ(faults[1].line, 2);
  EXPECT_EQ(faults[2].line, 4);
  EXPECT_EQ(faults[3].line, 6);
}

TEST(Load, TheMessageSaysWhereAndWhat) {
  try {
    parse("[packing]\nmax_aeg = 1\n", "/etc/x.toml", {}, kTwoKinds);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "/etc/x.toml:2: packing.max_aeg: unknown key (did you mean max_age?)");
  }
}

TEST(Load, TheEnvironmentOverridesTheFile) {
  const auto c = parse("[packing]\nmax_age = \"2s\"\n[packing.m]\nmax_items = 3\n[accounts.work]\n", "t",
                       {{"BATCHD_PACKING__MAX_AGE", "30s"},
                        {"BATCHD_PACKING__MAX_ITEMS", "44"},
                        {"BATCHD_ACCOUNTS__WORK__BASE_URL", "http://127.0.0.1:1"},
                        {"BATCHD_SERVER__ALLOW_MAPPED_UIDS", "true"},
                        {"BATCHD_SOCKET", "not an override"},
                        {"BATCHD_GEMINI_API_KEY", "k"},
                        {"BATCHD_ACCOUNTS__WORK__API_KEY", "a secret, which read_api_key() takes"},
                        {"OTHER__KEY", "x"}},
                       kTwoKinds);
  EXPECT_EQ(c.packing.limits.max_age, seconds(30));
  EXPECT_EQ(c.packing.of("m").items, 3);
  EXPECT_EQ(c.packing.of("m").max_age, seconds(30)) << "a model's section starts from the overridden values";
  EXPECT_EQ(c.packing.of("x").items, 44);
  EXPECT_EQ(c.accounts.at("work").base_url, "http://127.0.0.1:1");
  EXPECT_TRUE(c.server.allow_mapped_uids);
}

TEST(Load, AnAccountsVariableIsFoundWhateverItsName) {
  const auto c = parse("[accounts.a]\n[accounts.a_]\n[accounts.a__b]\n[accounts.c-d]\n", "t",
                       {{"BATCHD_ACCOUNTS__A__MAX_JOBS", "1"},
                        {"BATCHD_ACCOUNTS__A___MAX_JOBS", "2"},
                        {"BATCHD_ACCOUNTS__A__B__MAX_JOBS", "3"},
                        {"BATCHD_ACCOUNTS__C_D__MAX_JOBS", "4"},
                        {"BATCHD_ACCOUNTS__A__B__API_KEY", "k"},
                        {"BATCHD_ACCOUNTS__C_D__API_KEY", "k"}},
                       kTwoKinds);
  EXPECT_EQ(c.accounts.at("a").max_jobs, 1);
  EXPECT_EQ(c.accounts.at("a_").max_jobs, 2);
  EXPECT_EQ(c.accounts.at("a__b").max_jobs, 3);
  EXPECT_EQ(c.accounts.at("c-d").max_jobs, 4);
  const auto faults = faults_of("[accounts.c-d]", {{"BATCHD_ACCOUNTS__C-D__API_KEY", "k"}});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].what, "must be written BATCHD_ACCOUNTS__C_D__API_KEY");
}

TEST(Load, FaultyOverridesAreNamed) {
  for (const char* variable :
       {"BATCHD_PACKING__MAX_AEG", "BATCHD_PACKIN__MAX_AGE", "BATCHD_ACCOUNTS__DEFAULT", "BATCHD_ACCOUNTS__OTHER__KIND",
        "BATCHD_ACCOUNTS__OTHER__API_KEY", "BATCHD_ACCOUNTS__default__API_KEY", "BATCHD_PACKING__MAX_AGE"}) {
    const auto faults = faults_of("", {{variable, "1"}});
    ASSERT_EQ(faults.size(), 1u) << variable;
    EXPECT_EQ(faults[0].key, variable);
  }
}

TEST(Load, UnreadableFilesAreFaults) {
  EXPECT_THROW(load("/nonexistent/batchd.toml", {}, kTwoKinds), ConfigError);
  EXPECT_THROW(load("/tmp", {}, kTwoKinds), ConfigError);
}

}  // namespace
}  // namespace batchd::config
