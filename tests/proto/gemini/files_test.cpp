#include <gtest/gtest.h>

#include <limits>

#include "core/limits.h"
#include "tests/proto/gemini/texts.h"

namespace batchd::proto {
namespace {

const auto kFilesGemini = make_gemini();

TEST(GeminiCaps, Values) {
  const auto& caps = kFilesGemini->caps();
  EXPECT_EQ(caps.input, core::Caps::Input::file);
  EXPECT_EQ(caps.input_bytes_max, 2'000'000'000);
  EXPECT_EQ(caps.items_max, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(caps.file_names, core::Caps::FileNames::ours);
  EXPECT_TRUE(caps.resumable);
  EXPECT_EQ(caps.upload_variants, 4);
  EXPECT_EQ(make_gemini({.mime_types = {"text/plain"}})->caps().upload_variants, 1);
  EXPECT_EQ(caps.file_lifetime, std::chrono::hours(48));
  EXPECT_EQ(caps.tag, core::Caps::Tag::on_job);
  EXPECT_TRUE(caps.fence);
  EXPECT_EQ(caps.endpoints, (std::vector<std::string>{"generateContent", "embedContent"}));
  EXPECT_EQ(caps.base_url, "https://generativelanguage.googleapis.com");
  EXPECT_EQ(caps.credential_header.name, "x-goog-api-key");
  EXPECT_EQ(caps.credential_header.prefix, "");
  EXPECT_TRUE(caps.headers.empty());
}

TEST(GeminiCaps, AFrameIsAsLongAsPromised) {
  for (const auto& endpoint : kFilesGemini->caps().endpoints) {
    const core::Lane lane{"default", endpoint, "m"};
    for (const std::int64_t id : {std::int64_t{1}, std::int64_t{34}, std::numeric_limits<std::int64_t>::max()}) {
      const auto frame = kFilesGemini->line_frame(lane, core::BatchId{12}, core::RequestId{id});
      EXPECT_EQ(std::ssize(frame.prefix + frame.suffix), kFilesGemini->frame_bytes(lane)) << endpoint << ' ' << id;
      EXPECT_EQ(frame.prefix + "{}" + frame.suffix,
                "{\"key\":\"" + core::wire_key(core::BatchId{12}, core::RequestId{id}) + "\",\"request\":{}}\n");
    }
  }
}

TEST(GeminiCaps, AFileIsCalledAsPromised) {
  const auto name = core::upload_name(core::BatchId{12}, 3);
  const auto promised = kFilesGemini->caps().file_prefix + name;
  EXPECT_EQ(promised, "files/" + name);
  Talk start(kFilesGemini->start_upload({.name = name, .bytes = 1}));
  EXPECT_NE(text_of(start.call()).find(R"("name":")" + promised + '"'), std::string::npos) << text_of(start.call());
  Talk upload(kFilesGemini->upload(
      {.session = "/upload?upload_id=1", .batch = core::BatchId{12}, .name = name, .bytes = 1, .variant = 2}));
  upload.hears(answer(200, R"({"file":{"name":")" + promised + "\"}}", {{"X-Goog-Upload-Status", "final"}}));
  ASSERT_NE(upload.outcome(), nullptr) << upload.fault();
  EXPECT_EQ(upload.outcome()->file, promised);
}

TEST(GeminiCaps, Requests) {
  for (const auto& endpoint : kFilesGemini->caps().endpoints) {
    const auto& rules = kFilesGemini->request_rules(endpoint);
    ASSERT_EQ(rules.media.size(), 1U);
    EXPECT_EQ(rules.media[0].member, "data");
    EXPECT_EQ(rules.media[0].begins, "");
    EXPECT_EQ(rules.media_tokens, 258);
    EXPECT_EQ(rules.text_bytes_per_token, 4);
    EXPECT_TRUE(rules.dropped.empty());
    EXPECT_EQ(rules.references.size(), 18U);
    EXPECT_EQ(std::count(rules.references.begin(), rules.references.end(), "contents.parts.fileData.fileUri"), 1);
    EXPECT_EQ(std::count(rules.references.begin(), rules.references.end(), "cachedContent"), 1);
  }
}

TEST(Names, Models) {
  const std::string longest(core::kModelBytesMax, 'm');
  const std::pair<std::string, std::string> good[] = {{"gemini-2.5-flash", "gemini-2.5-flash"},
                                                      {"models/gemini-2.5-flash", "gemini-2.5-flash"},
                                                      {"A_b.9", "A_b.9"},
                                                      {"models", "models"},
                                                      {longest, longest},
                                                      {"models/" + longest, longest}};
  for (const auto& [text, name] : good) EXPECT_EQ(kFilesGemini->model_name(text), name) << text;
  for (const std::string text : {"", "models/", ".", "..", "models/..", "a/b", "models/models/a", "a b", "a:b", "a%2F",
                                 "m\xC3\xA9", "tunedModels/a", "a\n"})
    EXPECT_FALSE(kFilesGemini->model_name(text)) << text;
  EXPECT_FALSE(kFilesGemini->model_name(longest + "m"));
}

TEST(CheckAccount, KeyIsGoodOrNot) {
  const auto fault_of = [](const core::HttpEvent& event) {
    return Talk(kFilesGemini->check_account()).hears(event).fault();
  };
  EXPECT_EQ(Talk(kFilesGemini->check_account()).call().target, "/v1beta/models?pageSize=1");
  EXPECT_EQ(fault_of(answer(200, R"({"models":[{"name":"models/x"}]})")), "no fault");
  EXPECT_EQ(fault_of(answer(200, "<html>login</html>")), "transient");
  EXPECT_EQ(
      fault_of(answer(400, error_body(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."))),
      "account");
  EXPECT_EQ(fault_of(not_sent()), "not_sent");
}

TEST(RemoveFile, Outcomes) {
  struct Row {
    core::HttpEvent event;
    std::string result;
  };
  const std::vector<Row> table{
      {answer(200, "{}"), "gone"},
      {answer(200), "gone"},
      {answer(204), "gone"},
      {answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found.")), "gone"},
      {answer(400, error_body(400, "INVALID_ARGUMENT", "no")), "refused"},
      {answer(403, kDisabled), "account"},
      {answer(403, "Forbidden"), "transient"},
      {answer(200, "<html>"), "transient"},
      {answer(200, error_body(500, "INTERNAL", "oops")), "transient"},
      {answer(503), "transient"},
      {no_answer(), "transient"},
  };
  for (const auto& [event, result] : table) {
    Talk talk(kFilesGemini->remove_file("files/b-1"));
    EXPECT_EQ(talk.call().method, "DELETE");
    EXPECT_EQ(talk.call().target, "/v1beta/files/b-1");
    talk.hears(event);
    const auto* outcome = talk.outcome();
    EXPECT_EQ(outcome == nullptr     ? talk.fault()
              : outcome->undeletable ? "undeletable"
                                     : "gone",
              result)
        << event.status << ' ' << event.body;
    EXPECT_TRUE(outcome == nullptr || outcome->gone != outcome->undeletable);
  }
}

// The length of the name tells, not the words: DELETE doesn't accept the names of result files.
TEST(RemoveFile, LongNamesCantBeDeleted) {
  const auto refusal = answer(400, error_body(400, "INVALID_ARGUMENT", "cannot be more than 40 characters"));
  const auto removal_of = [&](std::size_t id_bytes) {
    Talk talk(kFilesGemini->remove_file("files/" + std::string(id_bytes, 'a')));
    talk.hears(refusal);
    return talk.outcome() == nullptr ? talk.fault() : talk.outcome()->undeletable ? "undeletable" : "gone";
  };
  EXPECT_EQ(removal_of(41), "undeletable");
  EXPECT_EQ(removal_of(40), "refused");
  Talk badly(kFilesGemini->remove_file("files/" + std::string(41, 'a')));
  EXPECT_EQ(badly.hears(answer(400, kBadKey)).fault(), "account");
}

TEST(RemoveFile, TheSecondDeleteIsA403ThatAListingExplains) {
  Talk talk(kFilesGemini->remove_file("files/b-1"));
  talk.hears(answer(403, kFile403));
  EXPECT_EQ(talk.call().method, "GET");
  EXPECT_EQ(talk.call().target, "/v1beta/files?pageSize=100");
  talk.hears(answer(200, R"({"files":[{"name":"files/other"}]})"));
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_TRUE(talk.outcome()->gone);

  Talk there(kFilesGemini->remove_file("files/b-1"));
  there.hears(answer(403, kFile403)).hears(answer(200, R"({"files":[{"name":"files/b-1"}]})"));
  EXPECT_EQ(there.fault(), "transient");
}

TEST(Names, HostileOnesNeverReachAPath) {
  for (const std::string name : {"", "files/", "files/..", "files/.", "files/a/b", "files/a?x=1", "files/a\r\nX: y",
                                 "files/%2e%2e", "batches/a", "http://evil/files/a", "/files/a", "files/\xC3\xA9"}) {
    EXPECT_FALSE(Talk(kFilesGemini->check_file(name)).asks()) << name;
    EXPECT_FALSE(Talk(kFilesGemini->remove_file(name)).asks()) << name;
    EXPECT_TRUE(name == "batches/a" || !Talk(kFilesGemini->results(name)).asks()) << name;
    EXPECT_FALSE(Talk(kFilesGemini->check_reference(name)).asks()) << name;
    EXPECT_TRUE(name == "batches/a" || !Talk(kFilesGemini->poll(name)).asks()) << name;
    EXPECT_TRUE(name == "batches/a" || !Talk(kFilesGemini->cancel(name)).asks()) << name;
  }
  EXPECT_FALSE(Talk(kFilesGemini->poll("batches/" + std::string(10'000, 'a'))).asks());
}

}  // namespace
}  // namespace batchd::proto
