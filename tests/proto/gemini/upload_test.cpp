#include <gtest/gtest.h>

#include "proto/gemini/files.h"
#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

using core::HttpHeader;

const auto kUploadGemini = make_gemini();
constexpr std::int64_t kMiB = 1 << 20;
const core::BatchId kUploadBatch{77};

std::string file_body(const std::string& name, const std::string& more = "") {
  return R"({"file":{"name":"files/)" + name + R"(","state":"ACTIVE")" + more + "}}";
}
const std::vector<HttpHeader> kActive{{"x-goog-upload-status", "active"}};
const std::vector<HttpHeader> kFinal{{"X-Goog-Upload-Status", "final"}};
std::vector<HttpHeader> received(std::int64_t bytes) {
  return {{"X-Goog-Upload-Status", "active"}, {"X-Goog-Upload-Size-Received", std::to_string(bytes)}};
}

Talk<core::Uploaded> upload(std::int64_t bytes, bool resume = false) {
  return Talk<core::Uploaded>(kUploadGemini->upload({.session = "/upload/v1beta/files?upload_id=A",
                                                     .batch = kUploadBatch,
                                                     .name = "b-1",
                                                     .bytes = bytes,
                                                     .resume = resume}));
}

template <class T>
void expect_slice(const Talk<T>& talk, const std::string& command, std::int64_t offset, std::int64_t bytes) {
  ASSERT_TRUE(talk.asks());
  EXPECT_EQ(talk.call().method, "POST");
  EXPECT_EQ(talk.call().target, "/upload/v1beta/files?upload_id=A");
  EXPECT_EQ(talk.header("X-Goog-Upload-Command"), command);
  EXPECT_EQ(talk.header("X-Goog-Upload-Offset"), std::to_string(offset));
  EXPECT_TRUE(talk.call().given_path);
  ASSERT_EQ(talk.call().body.size(), bytes > 0 ? 1U : 0U);
  if (bytes == 0) return;
  const auto* slice = std::get_if<core::BatchSlice>(&talk.call().body[0]);
  ASSERT_NE(slice, nullptr);
  EXPECT_EQ(slice->batch, kUploadBatch);
  EXPECT_EQ(slice->offset, offset);
  EXPECT_EQ(slice->bytes, bytes);
}

TEST(StartUpload, Call) {
  Talk talk(kUploadGemini->start_upload({.name = "b-1", .bytes = 42, .variant = 1}));
  EXPECT_EQ(talk.call().method, "POST");
  EXPECT_EQ(talk.call().target, "/upload/v1beta/files");
  EXPECT_FALSE(talk.call().given_path);
  EXPECT_EQ(talk.header("X-Goog-Upload-Protocol"), "resumable");
  EXPECT_EQ(talk.header("X-Goog-Upload-Command"), "start");
  EXPECT_EQ(talk.header("X-Goog-Upload-Header-Content-Length"), "42");
  EXPECT_EQ(talk.header("X-Goog-Upload-Header-Content-Type"), "jsonl");
  EXPECT_EQ(text_of(talk.call()), R"({"file":{"name":"files/b-1","displayName":"b-1","mimeType":"jsonl"}})");
}

TEST(StartUpload, SessionUrls) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=AB-c_1&upload_protocol=resumable",
       "/upload/v1beta/files?upload_id=AB-c_1&upload_protocol=resumable"},
      {"http://127.0.0.1:8080/upload/v1beta/files?upload_id=x", "/upload/v1beta/files?upload_id=x"},
      {"/upload/v1beta/files?upload_id=x", "/upload/v1beta/files?upload_id=x"},
      {"/upload?next=http://x/&upload_id=1", "/upload?next=http://x/&upload_id=1"},
      // refused
      {"", ""},
      {"https://host", ""},
      {"https://host/upload", ""},
      {"upload?upload_id=x", ""},
      {"//evil/upload?upload_id=x", ""},
      {"/upload/../v1beta/models?upload_id=x", ""},
      {"/upload?upload_id=a b", ""},
      {"/upload?upload_id=a\r\nX-Evil: 1", ""},
      {"/upload?upload_id=\xC3\xA9", ""},
      {"/upload?upload_id=" + std::string(4096, 'x'), ""},
  };
  for (const auto& [url, target] : table) {
    Talk talk(kUploadGemini->start_upload({.name = "b-1", .bytes = 1, .variant = 0}));
    talk.hears(answer(200, "", {{"x-goog-upload-url", url}}));
    if (target.empty())
      EXPECT_EQ(talk.fault(), "transient") << url;
    else
      EXPECT_EQ(talk.outcome()->session, target);
  }
}

TEST(StartUpload, ErrorsInsideA200) {
  Talk talk(kUploadGemini->start_upload({.name = "b-1", .bytes = 1, .variant = 0}));
  talk.hears(answer(200, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: application/jsonl"),
                    {{"X-Goog-Upload-URL", "/upload?upload_id=x"}}));
  EXPECT_EQ(talk.fault(), "variant_refused");
}

TEST(Upload, OneChunk) {
  auto talk = upload(100);
  expect_slice(talk, "upload, finalize", 0, 100);
  talk.hears(answer(200, file_body("b-1", R"(,"sizeBytes":"100")"), kFinal));
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->file, "files/b-1");
}

TEST(Upload, ChunksOfEightMiB) {
  static_assert(kUploadChunkBytes == 8 * kMiB);
  auto talk = upload(17 * kMiB);
  expect_slice(talk, "upload", 0, 8 * kMiB);
  talk.hears(answer(200, "", kActive));
  expect_slice(talk, "upload", 8 * kMiB, 8 * kMiB);
  talk.hears(answer(200, "", kActive));
  expect_slice(talk, "upload, finalize", 16 * kMiB, kMiB);
  talk.hears(answer(200, file_body("b-1"), kFinal));
  EXPECT_NE(talk.outcome(), nullptr);
}

TEST(Upload, ExactMultipleFinalizesWithTheLastChunk) {
  auto talk = upload(8 * kMiB);
  expect_slice(talk, "upload, finalize", 0, 8 * kMiB);
}

TEST(Upload, ResumeGoesOnWhereItStopped) {
  auto talk = upload(20 * kMiB, true);
  EXPECT_EQ(talk.header("X-Goog-Upload-Command"), "query");
  EXPECT_TRUE(talk.call().given_path);
  talk.hears(answer(200, "", received(8 * kMiB)));
  expect_slice(talk, "upload", 8 * kMiB, 8 * kMiB);
}

TEST(Upload, ResumeWithNothingLeftFinalizes) {
  auto talk = upload(20, true);
  talk.hears(answer(200, "", received(20)));
  expect_slice(talk, "finalize", 20, 0);
  talk.hears(answer(200, file_body("b-1"), kFinal));
  EXPECT_NE(talk.outcome(), nullptr);
}

TEST(Upload, ActiveAfterFinalizeIsAskedAgainButNotForEver) {
  auto talk = upload(20);
  for (int i = 0; i < 3; ++i) {
    talk.hears(answer(200, "", kActive));
    EXPECT_EQ(talk.header("X-Goog-Upload-Command"), "query");
    talk.hears(answer(200, "", received(20)));
    expect_slice(talk, "finalize", 20, 0);
  }
  talk.hears(answer(200, "", kActive));
  EXPECT_EQ(talk.fault(), "transient");
}

TEST(Upload, AnswersThatLeaveTheOffsetOpenAreFollowedByAQuery) {
  for (const auto& odd : {answer(200), answer(200, "", received(kMiB)), answer(200, "OK")}) {
    auto talk = upload(17 * kMiB);
    talk.hears(odd);
    EXPECT_EQ(talk.header("X-Goog-Upload-Command"), "query");
    talk.hears(answer(200, "", received(kMiB)));
    expect_slice(talk, "upload", kMiB, 8 * kMiB);
  }
}

struct Reply {
  core::HttpEvent event;
  std::string fault;
};

TEST(Upload, AfterAQuery) {
  const std::vector<Reply> table{
      {answer(200, file_body("b-1"), kFinal), "no fault"},
      {answer(200, "", kFinal), "upload_gone"},
      {answer(200, "{}", kFinal), "upload_gone"},
      {answer(200, "not json", kFinal), "upload_gone"},
      {answer(200, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: jsonl"), kFinal), "variant_refused"},
      {answer(200, "", {{"X-Goog-Upload-Status", "cancelled"}}), "upload_gone"},
      {answer(200, "", received(101)), "upload_gone"},
      {answer(200, "", received(-1)), "upload_gone"},
      {answer(200, "", kActive), "transient"},
      {answer(200, "", {{"X-Goog-Upload-Status", "active"}, {"X-Goog-Upload-Size-Received", "12x"}}), "transient"},
      {answer(200, "", {{"X-Goog-Upload-Status", "active"}, {"X-Goog-Upload-Size-Received", "99999999999999999999"}}),
       "transient"},
      {answer(404), "upload_gone"},
      {answer(410, "gone"), "upload_gone"},
      {answer(503), "transient"},
      {answer(429, "slow"), "throttled"},
      {answer(302), "transient"},
      {no_answer(), "transient"},
      {not_sent(), "not_sent"},
      {not_whole(), "transient"},
      {early(answer(503)), "transient"},
  };
  for (const auto& [event, fault] : table) {
    auto talk = upload(100, true);
    talk.hears(event);
    EXPECT_EQ(talk.fault(), fault) << event.status << ' ' << event.body;
    EXPECT_EQ(talk.outcome() != nullptr, fault == "no fault");
  }
}

TEST(Upload, TheFinalAnswerMustShowOurFileWhole) {
  const std::vector<Reply> table{
      {answer(200, file_body("b-1"), kFinal), "no fault"},
      {answer(200, file_body("b-1", R"(,"sizeBytes":100)"), kFinal), "no fault"},
      {answer(200, R"({"file":{"name":"files/b-1","size_bytes":"100"}})", kFinal), "no fault"},
      {answer(200, R"({"name":"files/b-1"})", kFinal), "no fault"},
      {answer(200, file_body("b-1")), "no fault"},  // without the status header
      {answer(200, file_body("b-2"), kFinal), "transient"},
      {answer(200, file_body("b-1", R"(,"sizeBytes":"99")"), kFinal), "upload_gone"},
      {answer(200, R"({"file":{"name":"files/b-1","state":"FAILED"}})", kFinal), "upload_gone"},
      {answer(200, R"({"file":{}})", kFinal), "upload_gone"},
      {answer(409, error_body(409, "ALREADY_EXISTS", "File already exists")), "name_taken"},
      {answer(400, error_body(400, "INVALID_ARGUMENT", "no")), "variant_refused"},
      {answer(400, error_body(400, "OUT_OF_RANGE", "no")), "refused"},
  };
  for (const auto& [event, fault] : table) {
    auto talk = upload(100);
    talk.hears(event);
    EXPECT_EQ(talk.fault(), fault) << event.status << ' ' << event.body;
  }
}

TEST(Upload, AFileMayNotBeReadyYet) {
  for (const auto& [state, ready] : std::vector<std::pair<std::string, bool>>{
           {R"("state":"ACTIVE",)", true}, {"", true}, {R"("state":"PROCESSING",)", false}}) {
    const auto shown = answer(200, "{\"file\":{" + state + R"("name":"files/b-1"}})", kFinal);
    auto talk = upload(100);
    talk.hears(shown);
    ASSERT_NE(talk.outcome(), nullptr) << state;
    EXPECT_EQ(talk.outcome()->ready, ready) << state;
    Talk canary(kUploadGemini->upload_text("b-1", "{}\n"));
    canary.hears(answer(200, "", {{"X-Goog-Upload-URL", "/upload?upload_id=1"}})).hears(shown);
    ASSERT_NE(canary.outcome(), nullptr) << state;
    EXPECT_EQ(canary.outcome()->ready, ready) << state;
  }
}

TEST(Upload, AnUnusableSessionIsRefusedWithoutACall) {
  Talk talk(kUploadGemini->upload({.session = "http://evil/", .batch = kUploadBatch, .name = "b-1", .bytes = 1}));
  EXPECT_EQ(talk.fault(), "upload_gone");
}

TEST(UploadText, TriesTheMimeTypesInTurn) {
  Talk talk(kUploadGemini->upload_text("canary-1", "{}\n"));
  EXPECT_EQ(talk.header("X-Goog-Upload-Header-Content-Type"), "application/jsonl");
  talk.hears(answer(400, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: application/jsonl")));
  EXPECT_EQ(talk.header("X-Goog-Upload-Header-Content-Type"), "jsonl");
  talk.hears(answer(200, "", {{"X-Goog-Upload-URL", "https://h/upload?upload_id=1"}}));
  EXPECT_EQ(talk.call().target, "/upload?upload_id=1");
  EXPECT_TRUE(talk.call().given_path);
  EXPECT_EQ(talk.header("X-Goog-Upload-Command"), "upload, finalize");
  EXPECT_EQ(text_of(talk.call()), "{}\n");
  talk.hears(answer(200, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: jsonl"), kFinal));
  EXPECT_EQ(talk.header("X-Goog-Upload-Header-Content-Type"), "text/plain");
  talk.hears(answer(200, "", {{"X-Goog-Upload-URL", "https://h/upload?upload_id=2"}}));
  talk.hears(answer(200, file_body("canary-1"), kFinal));
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->file, "files/canary-1");
}

TEST(UploadText, AllMimeTypesRefused) {
  Talk talk(kUploadGemini->upload_text("canary-1", "{}\n"));
  for (int i = 0; i < kUploadGemini->caps().upload_variants; ++i)
    talk.hears(answer(400, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type")));
  EXPECT_EQ(talk.fault(), "variant_refused");
}

}  // namespace
}  // namespace batchd::proto
