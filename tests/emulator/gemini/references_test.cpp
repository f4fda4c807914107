// What lines name: files of the Files API and cached contents. And input files that aren't ready.
#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

std::string with_file(const std::string& uri) {
  return R"({"key":"a","request":{"contents":[{"parts":[{"fileData":{"fileUri":")" + uri +
         R"("}},{"text":"x"}]}]}})"
         "\n";
}

std::string with_cache(const std::string& name) {
  return R"({"key":"a","request":{"cachedContent":")" + name +
         R"(","contents":[{"parts":[{"text":"x"}]}]}})"
         "\n";
}

std::string words_in(const Reply& reply) { return at(reply.body, "error.message"); }

std::string make_cache(Provider& provider, const std::string& ttl, const std::string& key = "k") {
  const auto reply =
      provider.call("POST", "/v1beta/cachedContents",
                    R"({"model":"models/gemini-2.5-flash","ttl":")" + ttl + R"(","contents":[]})", {}, key);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return at(reply.body, "name");
}

TEST(References, AreNotLookedAtByDefault) {
  Provider provider;
  EXPECT_EQ(provider.create(provider.upload(with_file("files/nobody"))).status, 200);
  EXPECT_EQ(provider.create(provider.upload(with_cache("cachedContents/nobody"))).status, 200);
}

TEST(References, ToFiles) {
  Provider provider({}, {.switches = {{"references", "checked"}}});
  const auto own = provider.upload("document");
  const auto foreign = provider.upload("document", "other:1");
  const auto create = [&](const std::string& uri) { return provider.create(provider.upload(with_file(uri))); };
  const std::string host = "https://generativelanguage.googleapis.com/v1beta/";
  EXPECT_EQ(create(host + own).status, 200);
  EXPECT_EQ(create(at(provider.call("GET", "/v1beta/" + own).body, "uri")).status, 200);
  EXPECT_EQ(create("gs://bucket/files/x").status, 200);
  EXPECT_EQ(create("https://example.org/v1beta/files/x").status, 200);
  const auto refused = create(host + foreign);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(words_in(refused),
            "You do not have permission to access the File " + foreign.substr(6) + " or it may not exist.");
  EXPECT_EQ(create("files/nobody").status, 403);
  provider.call("POST", "/emulator/switches", R"({"processing-seconds":1000})");
  const auto early = provider.upload("document");
  provider.call("POST", "/emulator/switches", R"({"processing-seconds":0})");
  const auto not_ready = create(host + early);
  EXPECT_EQ(not_ready.status, 400);
  EXPECT_EQ(at(not_ready.body, "error.status"), "FAILED_PRECONDITION");
  EXPECT_EQ(words_in(not_ready),
            "The File " + early.substr(6) + " is not in an ACTIVE state and usage is not allowed.");
  EXPECT_EQ(provider.ledger("refused").size(), 3U);
  EXPECT_EQ(jobs_made(provider), 4U);
}

TEST(References, ToCaches) {
  Provider provider({}, {.switches = {{"references", "checked"}}});
  const auto cache = make_cache(provider, "300s");
  const auto create = [&](const std::string& name) { return provider.create(provider.upload(with_cache(name))); };
  EXPECT_EQ(create(cache).status, 200);
  EXPECT_EQ(create(make_cache(provider, "0s")).status, 403);  // has expired
  EXPECT_EQ(words_in(create("cachedContents/nobody")), "CachedContent not found (or permission denied)");
  EXPECT_EQ(provider.create(provider.upload(with_cache(cache)), "t", "gemini-2.5-pro").status, 403);
  provider.call("POST", "/emulator/switches", R"({"missing-cache":"404"})");
  const auto refused = create("cachedContents/nobody");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(words_in(refused), "CachedContent cachedContents/nobody for models/gemini-2.5-flash was not found");
}

TEST(Caches, AreMadeShownAndDeleted) {
  Provider provider;
  const auto cache = make_cache(provider, "300s");
  const auto shown = provider.call("GET", "/v1beta/" + cache);
  EXPECT_EQ(at(shown.body, "model"), "models/gemini-2.5-flash");
  EXPECT_NE(at(shown.body, "expireTime"), "");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/cachedContents").body, "cachedContents.0.name"), cache);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + cache, {}, {}, "other:1").status, 403);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + cache).body, "{}");
  EXPECT_EQ(words_in(provider.call("GET", "/v1beta/" + cache)), "CachedContent not found (or permission denied)");
  EXPECT_EQ(provider.call("GET", "/v1beta/cachedContents").body, "{}");
  const auto until = [&](const std::string& time) {
    return provider.call("POST", "/v1beta/cachedContents",
                         R"({"model":"models/gemini-x","expireTime":")" + time + "\"}");
  };
  EXPECT_EQ(provider.call("GET", "/v1beta/" + at(until("2020-01-06T11:09:11Z").body, "name")).status, 403);
  EXPECT_TRUE(at(until("2200-01-06T11:09:11.5Z").body, "expireTime").starts_with("2200-01-06T11:09:11."));
  EXPECT_EQ(until("soon").status, 400);
  EXPECT_EQ(provider.call("POST", "/v1beta/cachedContents", R"({"model":"models/gpt"})").status, 404);
}

TEST(Processing, AFileIsNotUsableBeforeItIsActive) {
  Provider provider({}, {.switches = {{"processing-seconds", "2.5"}}});
  const auto file = provider.upload(line("a", "1"));
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + file).body, "state"), "PROCESSING");
  const auto refused = provider.create(file);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "error.status"), "FAILED_PRECONDITION");
  EXPECT_EQ(words_in(refused), "The File " + file.substr(6) + " is not in an ACTIVE state and usage is not allowed.");
  EXPECT_EQ(provider.ledger("refused").size(), 1U);
  provider.wait_for(file, "state", "ACTIVE");
  EXPECT_EQ(provider.create(file).status, 200);
}

TEST(Processing, MayFail) {
  Provider provider({}, {.switches = {{"processing-end", "failed"}}});
  const auto file = provider.upload(line("a", "1"));
  const auto shown = provider.call("GET", "/v1beta/" + file).body;
  EXPECT_EQ(at(shown, "state"), "FAILED");
  EXPECT_EQ(at(shown, "error.code"), "13");
  EXPECT_EQ(provider.create(file).status, 400);
}

TEST(Processing, OfSingleUploads) {
  Provider provider(fault_rules(R"({"on":"upload_chunk","nth":1,"do":"processing","seconds":1000},
                                   {"on":"upload_chunk","nth":2,"do":"processing","seconds":0,"fails":true})"));
  const auto state_of_next = [&] {
    return at(provider.chunk(provider.start_upload(), "upload, finalize", 0, "x").body, "file.state");
  };
  EXPECT_EQ(state_of_next(), "PROCESSING");
  EXPECT_EQ(state_of_next(), "FAILED");
  EXPECT_EQ(state_of_next(), "ACTIVE");
  EXPECT_EQ(provider.ledger("fault").size(), 2U);
}

}  // namespace
}  // namespace batchd::emulator
