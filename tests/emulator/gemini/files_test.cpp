#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

TEST(Files, GetListDelete) {
  Provider provider;
  EXPECT_EQ(provider.call("GET", "/v1beta/files").body, "{}");
  const auto name = provider.upload("x");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + name).body, "name"), name);
  EXPECT_EQ(at(provider.call("GET", "/v1beta/files").body, "files.0.name"), name);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + name, "{}").body, "{}");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + name).status, 403);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + name).status, 403);
}

TEST(Files, ListsInPages) {
  Provider provider;
  for (int i = 0; i < 12; ++i) provider.upload("x");
  const auto first = provider.call("GET", "/v1/files").body;
  EXPECT_NE(at(first, "files.9.name"), "");
  EXPECT_EQ(at(first, "files.10.name"), "");
  const auto second = provider.call("GET", "/v1/files?pageToken=" + at(first, "nextPageToken")).body;
  EXPECT_NE(at(second, "files.1.name"), "");
  EXPECT_EQ(at(second, "nextPageToken"), "");
  EXPECT_EQ(provider.call("GET", "/v1/files?pageToken=nonsense").status, 400);
}

TEST(Models, ListInPages) {
  Provider provider;
  const auto all = provider.call("GET", "/v1beta/models").body;
  EXPECT_EQ(at(all, "nextPageToken"), "");
  std::vector<std::string> names;
  std::string token;
  do {
    const auto page =
        provider.call("GET", "/v1beta/models?pageSize=4" + (token.empty() ? "" : "&pageToken=" + token)).body;
    EXPECT_EQ(at(page, "models.4.name"), "");
    for (int i = 0; !at(page, "models." + std::to_string(i) + ".name").empty(); ++i)
      names.push_back(at(page, "models." + std::to_string(i) + ".name"));
    token = at(page, "nextPageToken");
  } while (!token.empty() && names.size() < 100);
  EXPECT_GT(names.size(), 4U);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(at(all, "models." + std::to_string(i) + ".name"), names[i]);
  EXPECT_EQ(at(all, "models." + std::to_string(names.size()) + ".name"), "");
  EXPECT_EQ(provider.call("GET", "/v1beta/models?pageToken=nonsense").status, 400);
}

TEST(Files, ForeignAndMissingFilesLookTheSame) {
  Provider provider;
  const auto name = provider.upload("x", "alpha:1");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + name, {}, {}, "alpha:2").status, 200);
  const auto foreign = provider.call("GET", "/v1beta/" + name, {}, {}, "beta:1");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(at(foreign.body, "error.message"),
            "You do not have permission to access the File " + name.substr(6) + " or it may not exist.");
}

TEST(Files, Expire) {
  Provider provider({}, {.file_seconds = 0});
  EXPECT_EQ(provider.call("GET", "/v1beta/" + provider.upload("x")).status, 403);
}

TEST(Files, UploadedOnesAreNotDownloaded) {
  Provider provider;
  const auto name = provider.upload("x");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + name + ":download?alt=media").status, 400);
}

TEST(Keys, MissingBadAndInTheQuery) {
  Provider provider;
  const auto missing = provider.call("GET", "/v1beta/models", {}, {}, "");
  EXPECT_EQ(missing.status, 403);
  EXPECT_TRUE(at(missing.body, "error.message").starts_with("Method doesn't allow unregistered callers"));
  const auto bad = provider.call("GET", "/v1beta/models", {}, {}, "bad-key");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(at(bad.body, "error.details.0.reason"), "API_KEY_INVALID");
  EXPECT_EQ(provider.call("GET", "/v1beta/models?key=k", {}, {}, "").status, 200);
}

TEST(Models, AnyGeminiOrEmu) {
  Provider provider;
  EXPECT_EQ(at(provider.call("GET", "/v1beta/models/gemini-9-pro").body, "name"), "models/gemini-9-pro");
  EXPECT_EQ(provider.call("GET", "/v1/models/emu-1").status, 200);
  const auto unknown = provider.call("GET", "/v1beta/models/gpt-4");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_TRUE(at(unknown.body, "error.message").starts_with("models/gpt-4 is not found for API version v1beta"));
}

TEST(Generate, EchoesTheLastPart) {
  Provider provider;
  const auto body = R"({"contents":[{"parts":[{"text":"a"}]},{"parts":[{"text":"b"},{"text":"four"}]}]})";
  const auto reply = provider.call("POST", "/v1beta/models/gemini-x:generateContent", body);
  EXPECT_EQ(at(reply.body, "candidates.0.content.parts.0.text"), "echo: four");
  EXPECT_EQ(at(reply.body, "usageMetadata.promptTokenCount"), "2");  // six characters
  EXPECT_EQ(provider.call("POST", "/v1beta/models/gemini-x:generateContent", "{}").status, 400);
  EXPECT_EQ(provider.call("POST", "/v1beta/models/gemini-x:generateContent", "{").status, 400);
}

TEST(Calls, UnknownPathsAre404) {
  Provider provider;
  for (const auto* path : {"/", "/v2/files", "/v1beta/nothing", "/download/v1beta/files", "/v1beta/batches/a/b"}) {
    EXPECT_EQ(provider.call("GET", path).status, 404) << path;
  }
}

TEST(Calls, HeadersAreBounded) {
  Provider provider;
  EXPECT_EQ(provider.call("GET", "/v1beta/models?x=" + std::string(70000, 'x')).status, 431);
}

TEST(Calls, JsonBodiesEndAtTwentyMebibytes) {
  Provider provider;
  const auto reply = provider.call("POST", "/v1beta/models/gemini-x:generateContent", std::string(20971521, ' '));
  EXPECT_EQ(at(reply.body, "error.message"), "Request payload size exceeds the limit: 20971520 bytes.");
}

}  // namespace
}  // namespace batchd::emulator
