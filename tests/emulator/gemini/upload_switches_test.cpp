// Undocumented behaviour of uploads, and their limits.
#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

Reply start_by_switch(Provider& provider, const std::string& metadata, Headers more = {}) {
  more["X-Goog-Upload-Protocol"] = "resumable";
  more["X-Goog-Upload-Command"] = "start";
  return provider.call("POST", "/upload/v1beta/files", metadata, more);
}

void set_upload_switches(Provider& provider, const std::string& settings) {
  ASSERT_EQ(provider.call("POST", "/emulator/switches", settings).status, 200);
}

TEST(UploadSwitches, MimeRefusal) {
  Provider provider({}, {.refused_mimes = {"jsonl"}});
  const auto* metadata = R"({"file":{"mimeType":"jsonl"}})";
  for (const int status : {400, 200}) {
    const auto name = std::to_string(status);
    set_upload_switches(provider, R"({"mime-refusal":"start-)" + name + "\"}");
    const auto refused = start_by_switch(provider, metadata);
    EXPECT_EQ(refused.status, status);
    EXPECT_EQ(at(refused.body, "error.message"), "Unsupported MIME type: jsonl");
    EXPECT_FALSE(refused.headers.contains("x-goog-upload-url"));

    set_upload_switches(provider, R"({"mime-refusal":"finalize-)" + name + "\"}");
    const auto target = provider.start_upload(metadata);
    const auto last = provider.chunk(target, "upload, finalize", 0, "x");
    EXPECT_EQ(last.status, status);
    EXPECT_EQ(last.headers.at("x-goog-upload-status"), "final");
    EXPECT_EQ(at(last.body, "error.code"), "400");
    EXPECT_EQ(at(last.body, "file"), "");
    EXPECT_EQ(provider.chunk(target, "query", 0, "").body, last.body);  // the stored error
  }
  EXPECT_EQ(provider.call("GET", "/v1beta/files").body, "{}");
  EXPECT_EQ(provider.ledger("upload_failed").size(), 4U);
}

TEST(UploadSwitches, GranularityFree) {
  Provider provider({}, {.switches = {{"granularity", "free"}}});
  const auto target = provider.start_upload();
  EXPECT_EQ(provider.chunk(target, "upload", 0, "12345").status, 200);
  EXPECT_EQ(at(provider.chunk(target, "upload, finalize", 5, "678").body, "file.sizeBytes"), "8");
}

TEST(UploadSwitches, UploadSessionSeconds) {
  Provider provider;
  const auto target = provider.start_upload();
  EXPECT_EQ(provider.chunk(target, "query", 0, "").status, 200);
  set_upload_switches(provider, R"({"upload-session-seconds":0})");
  EXPECT_EQ(provider.chunk(target, "query", 0, "").status, 404);
  EXPECT_EQ(provider.chunk(target, "upload, finalize", 0, "x").status, 404);
}

TEST(UploadSwitches, ResultFileSeconds) {
  Provider provider({}, {.job_seconds = 0.04, .file_seconds = 1000});
  const auto first = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(first);
  EXPECT_EQ(provider.download(first).status, 200);
  set_upload_switches(provider, R"({"result-file-seconds":0})");
  const auto second = provider.create_job(provider.upload(line("a", "1")));
  const auto operation = provider.end_of(second);
  EXPECT_NE(at(operation, "metadata.output.responsesFile"), "");
  EXPECT_EQ(provider.download(second).status, 403);  // it has expired already
  EXPECT_EQ(provider.download(first).status, 200);
}

TEST(Uploads, FinalizeAlone) {
  Provider provider;
  const auto target = provider.start_upload();
  EXPECT_EQ(at(provider.chunk(target, "finalize", 0, "").body, "file.sizeBytes"), "0");
}

TEST(Uploads, AllInOneCall) {
  Provider provider;
  const auto reply = provider.call("POST", "/upload/v1beta/files", line("a", "1"),
                                   {{"X-Goog-Upload-Protocol", "resumable"},
                                    {"X-Goog-Upload-Command", "start, upload, finalize"},
                                    {"X-Goog-Upload-Header-Content-Type", "jsonl"},
                                    {"X-Goog-Upload-File-Name", "in.jsonl"}});
  EXPECT_EQ(reply.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(reply.body, "file.displayName"), "in.jsonl");
  EXPECT_EQ(provider.create(at(reply.body, "file.name")).status, 200);
  EXPECT_EQ(
      provider.call("POST", "/upload/v1beta/files", "x", {{"X-Goog-Upload-Command", "start, upload, finalize"}}, "")
          .status,
      403);  // here a key is needed
}

TEST(Uploads, StorageQuotaIsPerProject) {
  Provider provider({}, {.max_storage_bytes = 10});
  const auto first = provider.upload("12345678");
  const auto refused = provider.chunk(provider.start_upload(), "upload, finalize", 0, "123");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(refused.body, "error.status"), "RESOURCE_EXHAUSTED");
  EXPECT_TRUE(
      at(refused.body, "error.message")
          .ends_with("* Quota exceeded for metric: generativelanguage.googleapis.com/file_storage_bytes, limit: 10"));
  EXPECT_EQ(at(refused.body, "error.details.0.violations.0.quotaId"), "FileStorageBytesPerProject");
  const auto declared = start_by_switch(provider, "{}", {{"X-Goog-Upload-Header-Content-Length", "3"}});
  EXPECT_EQ(declared.status, 429);  // refused before a byte is sent, if the size is known
  EXPECT_NE(provider.upload("123", "other:1"), "");
  provider.call("DELETE", "/v1beta/" + first);
  EXPECT_NE(provider.upload("123"), "");
}

TEST(Uploads, OneFileHasALimit) {
  Provider provider({}, {.max_file_bytes = 10});
  const auto refused = provider.chunk(provider.start_upload(), "upload, finalize", 0, "12345678901");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "error.message"), "Request payload size exceeds the limit: 10 bytes.");
  EXPECT_EQ(start_by_switch(provider, "{}", {{"X-Goog-Upload-Header-Content-Length", "11"}}).status, 400);
  EXPECT_NE(provider.upload("1234567890"), "");
}

}  // namespace
}  // namespace batchd::emulator
