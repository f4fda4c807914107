// Whether something is there that a job needs. A 403 alone proves nothing: the listing after it does.
#include <gtest/gtest.h>

#include "tests/proto/gemini/texts.h"

namespace batchd::proto {
namespace {

const auto kLookupGemini = make_gemini();
const core::Lane kGenerateLane{"default", "generateContent", "gemini-2.5-flash"};
const core::Lane kEmbedLane{"default", "embedContent", "gemini-embedding-001"};

struct LookupRow {
  std::vector<core::HttpEvent> replies;
  std::string result;  // "ready", "working", "absent: WORDS", or the fault
};

std::string presence_of(Talk<core::Presence>& talk) {
  const auto* outcome = talk.outcome();
  if (outcome == nullptr) return talk.fault();
  if (outcome->present) return outcome->ready ? "ready" : "working";
  return "absent: " + (outcome->error ? outcome->error->message : "");
}

template <class Ask>
void expect_rows(const std::vector<LookupRow>& table, Ask ask) {
  for (const auto& [replies, result] : table) {
    Talk<core::Presence> talk(ask());
    for (const auto& reply : replies) talk.hears(reply);
    EXPECT_EQ(presence_of(talk), result) << replies.back().status << ' ' << replies.back().body;
  }
}

core::HttpEvent files_page(const std::string& names, const std::string& next = "") {
  return answer(200, "{\"files\":[" + names + "]" + (next.empty() ? "" : ",\"nextPageToken\":\"" + next + "\"") + "}");
}
const std::string kOtherFile = R"({"name":"files/b-2"})";

TEST(CheckFile, Presence) {
  Talk asked(kLookupGemini->check_file("files/0abc-1"));
  EXPECT_EQ(asked.call().method, "GET");
  EXPECT_EQ(asked.call().target, "/v1beta/files/0abc-1");
  const auto file = [](const std::string& state) {
    return answer(200, R"({"name":"files/0abc-1")" + (state.empty() ? "" : ",\"state\":\"" + state + "\"") + "}");
  };
  const std::string words = "You do not have permission to access the File 0abc-1 or it may not exist.";
  expect_rows(
      {
          {{file("ACTIVE")}, "ready"},
          {{file("")}, "ready"},
          {{file("STATE_UNSPECIFIED")}, "ready"},
          {{early(file("ACTIVE"))}, "ready"},
          {{file("PROCESSING")}, "working"},
          {{file("SOMETHING_NEW")}, "working"},
          {{file("FAILED")}, "absent: the provider could not process the file"},
          {{answer(200, R"({"name":"files/0abc-1","state":"FAILED","error":{"code":3,"message":"bad lines"}})")},
           "absent: bad lines"},
          {{answer(404, kEntity404)}, "absent: Requested entity was not found."},
          // a 403, and the listing
          {{answer(403, kFile403), files_page("")}, "absent: " + words},
          {{answer(200, kFile403), files_page(kOtherFile)}, "absent: " + words},
          {{answer(403, kFile403), answer(200, "{}")}, "absent: " + words},
          {{answer(403, kFile403), files_page(kOtherFile, "p2"), files_page("")}, "absent: " + words},
          {{answer(403, kFile403), files_page(kOtherFile, "p2"), files_page(R"({"name":"files/0abc-1"})")},
           "transient"},
          {{answer(403, kFile403), files_page(kOtherFile, "p2"), files_page("", "p2")}, "transient"},
          {{answer(403, kFile403), files_page(kOtherFile, "p2"), answer(503)}, "transient"},
          {{answer(403, kFile403), answer(403, kNoKey)}, "account"},
          {{answer(403, kNoKey), answer(403, kNoKey)}, "account"},
          {{answer(403, kFile403), answer(429, kQuota)}, "throttled"},
          {{answer(403, kFile403), answer(200, R"({"unreachable":["x"]})")}, "transient"},
          {{answer(403, kFile403), answer(200, R"({"things":[{"name":"files/0abc-1"}]})")}, "transient"},
          {{answer(403, kFile403), answer(200, kHtml)}, "transient"},
          {{answer(403, kFile403), no_answer()}, "transient"},
          // none of these proves that it is gone
          {{answer(403, kDisabled)}, "account"},
          {{answer(400, kBadKey)}, "account"},
          {{answer(400, kInvalid)}, "refused"},
          {{answer(403, "Forbidden")}, "transient"},
          {{answer(404, "<html>")}, "transient"},
          {{answer(200, "<html>")}, "transient"},
          {{answer(200, R"({"name":"files/other"})")}, "transient"},
          {{answer(500)}, "transient"},
          {{answer(429)}, "throttled"},
          {{no_answer()}, "transient"},
          {{not_sent()}, "not_sent"},
          {{not_whole()}, "transient"},
      },
      [] { return kLookupGemini->check_file("files/0abc-1"); });
}

TEST(CheckModel, UnknownOrWithoutBatches) {
  Talk asked(kLookupGemini->check_model(kGenerateLane));
  EXPECT_EQ(asked.call().target, "/v1beta/models/gemini-2.5-flash");
  const auto model = [](const std::string& methods) {
    return answer(200, R"({"name":"models/gemini-2.5-flash")" +
                           (methods.empty() ? "" : ",\"supportedGenerationMethods\":[" + methods + "]") + "}");
  };
  const auto words = std::string(
      "models/gemini-9 is not found for API version v1beta, or is not supported for batchGenerateContent. Call "
      "ListModels");
  expect_rows(
      {
          {{model("")}, "ready"},
          {{model(R"("generateContent","batchGenerateContent")")}, "ready"},
          {{answer(200, R"({"name":"models/gemini-2.5-flash","supportedGenerationMethods":[]})")}, "ready"},
          {{answer(200, R"({"name":"models/another-name-of-it"})")}, "ready"},
          {{model(R"("generateContent","countTokens")")},
           "absent: the model gemini-2.5-flash takes no batches of generateContent requests: the provider says that it "
           "supports generateContent, countTokens"},
          {{model(R"("asyncBatchEmbedContent")")},
           "absent: the model gemini-2.5-flash takes no batches of generateContent requests: the provider says that it "
           "supports asyncBatchEmbedContent"},
          {{answer(404, kModel)}, "absent: " + words},
          {{answer(400, kInvalid)}, "absent: Request contains an invalid argument."},
          {{answer(403, kNoKey), answer(200, R"({"models":[{"name":"models/x"}]})")},
           "absent: Method doesn't allow unregistered callers (callers without established identity). Please use API "
           "Key or other form of API consumer identity to call this API."},
          {{answer(403, kNoKey), answer(403, kNoKey)}, "account"},
          {{answer(403, kDisabled)}, "account"},
          {{answer(400, kBadKey)}, "account"},
          {{answer(404, kHtml)}, "transient"},
          {{answer(200, "{}")}, "transient"},
          {{answer(503)}, "transient"},
      },
      [] { return kLookupGemini->check_model(kGenerateLane); });
  for (const std::string method : {"asyncBatchEmbedContent", "batchEmbedContents"})
    expect_rows(
        {{{answer(200, R"({"name":"models/gemini-embedding-001","supportedGenerationMethods":[")" + method + "\"]}")},
          "ready"}},
        [] { return kLookupGemini->check_model(kEmbedLane); });
}

TEST(References, WhatValuesName) {
  const std::pair<std::string, std::string> table[] = {
      {"https://generativelanguage.googleapis.com/v1beta/files/ab-1", "files/ab-1"},
      {"https://generativelanguage.googleapis.com/v1/files/ab-1", "files/ab-1"},
      {"http://127.0.0.1:8080/v1beta/files/ab-1", "files/ab-1"},
      {"http://localhost:1/v1beta/files/ab-1", "files/ab-1"},
      {"files/ab-1", "files/ab-1"},
      {"cachedContents/xyz", "cachedContents/xyz"},
      {"gs://bucket/files/ab-1", ""},
      {"https://example.com/v1beta/files/ab-1", ""},
      {"https://generativelanguage.googleapis.com.example.com/v1beta/files/ab-1", ""},
      {"https://generativelanguage.googleapis.com", ""},
      {"https://generativelanguage.googleapis.com/v1beta/models/x", ""},
      {"https://generativelanguage.googleapis.com/v1beta/files/../x", ""},
      {"https://generativelanguage.googleapis.com/v1beta/files/..", ""},
      {"http://127.0.0.1:8080", ""},
      {"files/a/b", ""},
      {"cachedContents/", ""},
      {"https://www.youtube.com/watch?v=1", ""},
      {"", ""}};
  for (const auto& [value, name] : table) EXPECT_EQ(kLookupGemini->reference(value).value_or(""), name) << value;
}

TEST(CheckReference, FilesAndCaches) {
  EXPECT_EQ(Talk(kLookupGemini->check_reference("cachedContents/c")).call().target, "/v1beta/cachedContents/c");
  expect_rows(
      {
          {{answer(200, R"({"name":"cachedContents/c","model":"models/m"})")}, "ready"},
          {{answer(403, kCache403), answer(200, "{}")}, "absent: CachedContent not found (or permission denied)"},
          {{answer(403, kCache403), answer(403, kCache403)}, "account"},
          {{answer(404, kEntity404)}, "absent: Requested entity was not found."},
          {{answer(400, kInvalid)}, "absent: Request contains an invalid argument."},
          {{answer(500, kInternal)}, "transient"},
      },
      [] { return kLookupGemini->check_reference("cachedContents/c"); });
  Talk listed(kLookupGemini->check_reference("cachedContents/c"));
  listed.hears(answer(403, kCache403));
  EXPECT_EQ(listed.call().target, "/v1beta/cachedContents?pageSize=100");
  expect_rows(
      {
          {{answer(200, R"({"name":"files/f","state":"ACTIVE"})")}, "ready"},
          {{answer(200, R"({"name":"files/f","state":"PROCESSING"})")}, "working"},
          {{answer(200, R"({"name":"files/f","state":"FAILED","error":{"message":"no video"}})")}, "absent: no video"},
          {{answer(403, kFile403), files_page(kOtherFile)},
           "absent: You do not have permission to access the File 0abc-1 or it may not exist."},
          {{answer(404, kEntity404)}, "absent: Requested entity was not found."},
      },
      [] { return kLookupGemini->check_reference("files/f"); });
  // the name of a result file is too long to be asked for
  expect_rows({{{answer(400, kInvalid)}, "ready"}},
              [] { return kLookupGemini->check_reference("files/batch-" + std::string(36, 'x')); });
}

TEST(FirstTokens, ByTheModelsName) {
  const auto tokens = [](const std::string& endpoint, const std::string& model) {
    return kLookupGemini->first_tokens({"default", endpoint, model}).value_or(0);
  };
  EXPECT_EQ(tokens("generateContent", "gemini-2.5-flash"), 3'000'000);
  EXPECT_EQ(tokens("generateContent", "gemini-3.5-flash-lite-preview-09-2026"), 3'000'000);
  EXPECT_EQ(tokens("generateContent", "gemini-3.1-pro-preview"), 5'000'000);
  EXPECT_EQ(tokens("generateContent", "gemini-2.5-pro-preview-tts"), 25'000);
  EXPECT_EQ(tokens("generateContent", "gemini-3-pro-image"), 1'000'000);
  EXPECT_EQ(tokens("embedContent", "gemini-embedding-001"), 500'000);
  EXPECT_EQ(tokens("embedContent", "another"), 500'000);
  EXPECT_EQ(tokens("generateContent", "prototype-1"), 0);
  EXPECT_EQ(tokens("generateContent", ""), 0);
}

}  // namespace
}  // namespace batchd::proto
