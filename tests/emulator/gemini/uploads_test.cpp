#include <gtest/gtest.h>

#include "proto/json/base64.h"
#include "proto/json/digest.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kUploadChunk = 8 << 20;

std::string pattern(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(i * 2654435761U >> 13);
  return out;
}

std::string provider_hash(std::string_view bytes) { return json::base64_encode(json::hex(json::sha256(bytes))); }

TEST(Uploads, SmallFile) {
  Provider provider;
  const auto target = provider.start_upload();
  ASSERT_TRUE(target.starts_with("/upload/v1beta/files?upload_id="));
  const auto reply = provider.chunk(target, "upload, finalize", 0, "12345");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(reply.body, "file.sizeBytes"), "5");
  EXPECT_EQ(at(reply.body, "file.state"), "ACTIVE");
  EXPECT_EQ(at(reply.body, "file.sha256Hash"), provider_hash("12345"));
  EXPECT_EQ(at(reply.body, "file.name").size(), std::string("files/").size() + 12);
  EXPECT_EQ(provider.ledger("upload").size(), 1U);
}

TEST(Uploads, StartAnswersWithHeadersOnly) {
  Provider provider;
  const auto reply = provider.call("POST", "/upload/v1/files", "{}",
                                   {{"x-goog-upload-protocol", "resumable"}, {"X-GOOG-UPLOAD-COMMAND", "start"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.headers.at("x-goog-upload-status"), "active");
  EXPECT_EQ(reply.headers.at("x-goog-upload-chunk-granularity"), "8388608");
  EXPECT_TRUE(reply.headers.at("x-goog-upload-url").starts_with("http://127.0.0.1:"));
}

TEST(Uploads, NineMebibytesInTwoChunks) {
  Provider provider;
  const auto bytes = pattern(kUploadChunk + (1 << 20));
  const auto target = provider.start_upload();
  const auto first = provider.chunk(target, "upload", 0, std::string_view(bytes).substr(0, kUploadChunk));
  EXPECT_EQ(first.headers.at("x-goog-upload-status"), "active");
  EXPECT_EQ(first.body, "");
  const auto last =
      provider.chunk(target, "upload, finalize", kUploadChunk, std::string_view(bytes).substr(kUploadChunk));
  EXPECT_EQ(at(last.body, "file.sha256Hash"), provider_hash(bytes));
}

TEST(Uploads, ZeroByteFinalize) {
  Provider provider;
  const auto bytes = pattern(kUploadChunk);
  const auto target = provider.start_upload();
  provider.chunk(target, "upload", 0, bytes);
  const auto last = provider.chunk(target, "upload, finalize", kUploadChunk, "");
  EXPECT_EQ(last.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(last.body, "file.sizeBytes"), std::to_string(kUploadChunk));
}

TEST(Uploads, ChunkNeedsNoKeyAndIgnoresStaleHeaders) {
  Provider provider;
  const auto reply = provider.call("POST", provider.start_upload(), "x",
                                   {{"X-Goog-Upload-Command", "upload, finalize"},
                                    {"X-Goog-Upload-Offset", "0"},
                                    {"X-Goog-Upload-Protocol", "resumable"},
                                    {"Content-Type", "application/json"}},
                                   "");
  EXPECT_EQ(at(reply.body, "file.sizeBytes"), "1");
}

TEST(Uploads, UnknownSessionIs404) {
  Provider provider;
  EXPECT_EQ(provider.chunk("/upload/v1beta/files?upload_id=nobody", "upload", 0, "x").status, 404);
  EXPECT_EQ(provider.chunk("/upload/v1beta/files?upload_id=nobody", "query", 0, "").status, 404);
}

TEST(Uploads, ResumeAfterABrokenChunk) {
  Provider provider;
  const auto bytes = pattern(kUploadChunk + 30'000'000);
  const auto target = provider.start_upload();
  provider.chunk(target, "upload", 0, std::string_view(bytes).substr(0, kUploadChunk));
  // More than fits into the sockets: part of it has been taken in when the connection breaks.
  provider.call_and_vanish(target, std::string_view(bytes).substr(kUploadChunk), 24'000'000,
                           {{"X-Goog-Upload-Command", "upload, finalize"}, {"X-Goog-Upload-Offset", "8388608"}});
  const auto query = provider.chunk(target, "query", 0, "");
  EXPECT_EQ(query.headers.at("x-goog-upload-status"), "active");
  EXPECT_EQ(query.headers.at("x-goog-upload-size-received"), "8388608");
  const auto last =
      provider.chunk(target, "upload, finalize", kUploadChunk, std::string_view(bytes).substr(kUploadChunk));
  EXPECT_EQ(at(last.body, "file.sha256Hash"), provider_hash(bytes));
  const auto after = provider.chunk(target, "query", 0, "");
  EXPECT_EQ(after.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(after.body, "file.name"), at(last.body, "file.name"));
}

TEST(Uploads, WrongOffsetIsPlain400AndStaysActive) {
  Provider provider;
  const auto target = provider.start_upload();
  const auto reply = provider.chunk(target, "upload, finalize", 7, "x");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.headers.at("x-goog-upload-status"), "active");
  EXPECT_TRUE(reply.headers.at("content-type").starts_with("text/plain"));
  EXPECT_EQ(provider.chunk(target, "upload, finalize", 0, "x").status, 200);
}

TEST(Uploads, GranularityIsEnforced) {
  Provider provider;
  const auto target = provider.start_upload();
  EXPECT_EQ(provider.chunk(target, "upload", 0, "12345").status, 400);
  EXPECT_EQ(provider.chunk(target, "query", 0, "").headers.at("x-goog-upload-size-received"), "0");
}

TEST(Uploads, CancelledSessionTakesNothing) {
  Provider provider;
  const auto target = provider.start_upload();
  EXPECT_EQ(provider.chunk(target, "cancel", 0, "").headers.at("x-goog-upload-status"), "cancelled");
  EXPECT_EQ(provider.chunk(target, "upload, finalize", 0, "x").status, 499);
}

TEST(Uploads, BothSpellingsOfMetadata) {
  Provider provider;
  for (const auto* metadata : {R"({"file":{"displayName":"d","mimeType":"jsonl","sizeBytes":"1"}})",
                               R"({"file":{"display_name":"d","mime_type":"jsonl","size_bytes":1}})"}) {
    const auto reply = provider.chunk(provider.start_upload(metadata), "upload, finalize", 0, "x");
    EXPECT_EQ(at(reply.body, "file.displayName"), "d");
    EXPECT_EQ(at(reply.body, "file.mimeType"), "jsonl");
  }
}

Reply start_with(Provider& provider, const std::string& metadata) {
  return provider.call("POST", "/upload/v1beta/files", metadata,
                       {{"X-Goog-Upload-Protocol", "resumable"}, {"X-Goog-Upload-Command", "start"}});
}

TEST(Uploads, OwnNames) {
  Provider provider;
  const auto reply =
      provider.chunk(provider.start_upload(R"({"file":{"name":"files/mine-1"}})"), "upload, finalize", 0, "x");
  EXPECT_EQ(at(reply.body, "file.name"), "files/mine-1");
  const auto again = start_with(provider, R"({"file":{"name":"files/mine-1"}})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(at(again.body, "error.status"), "ALREADY_EXISTS");
  for (const auto& name :
       {std::string("-a"), std::string("a-"), std::string("A"), std::string("a_b"), std::string(41, 'a')}) {
    EXPECT_EQ(start_with(provider, R"({"file":{"name":"files/)" + name + "\"}}").status, 400) << name;
  }
}

TEST(Uploads, UnsupportedMimeTypes) {
  Provider provider({}, {.refused_mimes = {"application/jsonl"}});
  for (const auto* mime : {"application/jsonl", "application/x-ndjson", "nonsense"}) {
    const auto reply = start_with(provider, std::string(R"({"file":{"mimeType":")") + mime + "\"}}");
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(at(reply.body, "error.message"), std::string("Unsupported MIME type: ") + mime);
  }
  EXPECT_EQ(start_with(provider, R"({"file":{"mimeType":"text/plain"}})").status, 200);
}

}  // namespace
}  // namespace batchd::emulator
