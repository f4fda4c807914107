// upload: the batch's JSONL reaches the provider byte for byte, under a name that was durable before, whatever breaks.
#include "proto/gemini/files.h"
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Upload : public World {
 protected:
  static std::string name(const Batch& batch, int n) { return "files/" + upload_name(batch.id, n); }
  // Only the upload: a batch that has its file goes no further.
  void no_create() { gemini.always(Endpoint::create, not_sent()); }
  std::string sent_bytes() {
    std::string all;
    for (const auto& call : gemini.seen(Endpoint::data)) {
      EXPECT_EQ(call.offset, static_cast<std::int64_t>(all.size()));
      all += call.body;
    }
    return all;
  }
};

TEST_F(Upload, TheFileIsTheBatchsLines) {
  const auto batch = uploaded(10);
  EXPECT_EQ(batch.upload_n, 1);
  EXPECT_TRUE(batch.uploaded_at.has_value());
  EXPECT_TRUE(batch.upload_session.empty());
  const auto& content = gemini.files.at(name(batch, 1));
  EXPECT_EQ(content, jsonl_of(batch));
  const auto lines = lines_of(content);
  ASSERT_EQ(lines.size(), 10U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(key_of(lines[i]), wire_key(batch.id, ids_[i]));
    EXPECT_EQ(request_of(lines[i]), "{\"n\":" + std::to_string(i) + "}");
  }
}

TEST_F(Upload, ItsNameIsDurableBeforeTheStart) {
  std::string recorded;
  gemini.always(Endpoint::start, [&](Call&, const std::function<HttpEvent()>& properly) {
    const auto batch = batches().front();
    recorded = name(batch, batch.upload_n);
    return properly();
  });
  uploaded(2);
  EXPECT_EQ(gemini.seen(Endpoint::start).at(0).file, recorded);
}

TEST_F(Upload, ItsSessionIsDurableBeforeTheFirstByte) {
  std::string recorded;
  gemini.always(Endpoint::data, [&](Call&, const std::function<HttpEvent()>& properly) {
    recorded = batches().front().upload_session;
    return properly();
  });
  uploaded(2);
  const auto session = gemini.seen(Endpoint::data).at(0).thing;
  EXPECT_NE(recorded.find(session), std::string::npos);
}

TEST_F(Upload, ATakenNameGivesWayToTheNext) {
  const auto batch = packed(2);
  gemini.files[name(batch, 1)] = "somebody else's";
  gemini.files[name(batch, 2)] = "somebody else's";
  no_create();
  pass(1min, {Which::submit});
  EXPECT_EQ(only_batch().upload_n, 3);
  EXPECT_EQ(gemini.files.at(name(batch, 3)), jsonl_of(batch));
  EXPECT_EQ(gemini.files.at(name(batch, 1)), "somebody else's");
}

TEST_F(Upload, ARefusedMimeTypeGivesWayToTheNext) {
  gemini.mime_types_refused = 2;
  no_create();
  packed(2);
  pass(10s, {Which::submit});
  EXPECT_EQ(only_batch().state, BatchState::uploaded);
  EXPECT_EQ(only_batch().upload_variant, 2);
  const auto starts = gemini.seen(Endpoint::start);
  ASSERT_EQ(starts.size(), 3U);
  EXPECT_EQ(starts.back().mime, "text/plain");
  EXPECT_NE(starts[0].file, starts[2].file);
}

TEST_F(Upload, AllMimeTypesRefusedIsARefusal) {
  gemini.mime_types_refused = 4;
  packed(2);
  pass(1h, {Which::submit});
  EXPECT_EQ(only_batch().state, BatchState::refused);
  EXPECT_EQ(gemini.count(Endpoint::start), 4U);
  EXPECT_EQ(gemini.count(Endpoint::create), 0U);
}

struct Trouble {
  const char* name;
  Endpoint at;
  FakeGemini::Reaction reaction;
  std::size_t starts;  // in all, until the file is there; 0: refused
  bool resumes;        // asks how much has arrived
  bool is_account;
};

const std::vector<Trouble>& troubles() {
  static const std::vector<Trouble> table{
      {"start not sent", Endpoint::start, not_sent(), 2, false, false},
      {"start unanswered", Endpoint::start, no_answer(), 2, false, false},
      {"start 503", Endpoint::start, says(503, "busy"), 2, false, false},
      {"start 429", Endpoint::start, says_error(429, "RESOURCE_EXHAUSTED", "slow down"), 2, false, false},
      {"start 403", Endpoint::start, says_error(403, "PERMISSION_DENIED", "no"), 2, false, true},
      {"start without a URL", Endpoint::start, says(200, ""), 2, false, false},
      {"start 400", Endpoint::start, says_error(400, "INVALID_ARGUMENT", "no"), 2, false, false},
      {"data not sent", Endpoint::data, not_sent(), 1, true, false},
      {"data unanswered", Endpoint::data, no_answer(), 1, true, false},
      {"data 503", Endpoint::data, says(503, "busy"), 1, true, false},
      {"data 429", Endpoint::data, says_error(429, "RESOURCE_EXHAUSTED", "slow down"), 1, true, false},
      {"data 401", Endpoint::data, says_error(401, "UNAUTHENTICATED", "who?"), 1, true, true},
      {"session 404", Endpoint::data, says(404, "gone"), 2, false, false},
      {"session 410", Endpoint::data, says(410, "gone"), 2, false, false},
      {"data 400", Endpoint::data, says_error(400, "INVALID_ARGUMENT", "no"), 2, false, false},
      {"data 413", Endpoint::data, says_error(413, "INVALID_ARGUMENT", "no"), 0, false, false},
  };
  return table;
}

class UploadTrouble : public Upload, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(UploadTrouble, IsToldApart) {
  const auto& trouble = troubles()[GetParam()];
  no_create();
  gemini.next(trouble.at, trouble.reaction);
  packed(3);
  look(Which::submit);
  look(Which::submit);
  const auto expected = trouble.starts == 0 ? BatchState::refused : BatchState::uploading;
  EXPECT_EQ(to_text(only_batch().state), to_text(expected));
  EXPECT_EQ(account_paused(), trouble.is_account);
  pass(2min, {Which::submit});
  EXPECT_EQ(gemini.count(Endpoint::query) > 0, trouble.resumes);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
  const auto batch = only_batch();
  if (trouble.starts == 0) {
    EXPECT_EQ(to_text(batch.state), to_text(BatchState::refused));
    EXPECT_FALSE(batch.message.empty());
    return;
  }
  EXPECT_EQ(to_text(batch.state), to_text(BatchState::uploaded));
  EXPECT_EQ(gemini.files.at(name(batch, batch.upload_n)), jsonl_of(batch));
  EXPECT_EQ(gemini.count(Endpoint::start), trouble.starts);
  EXPECT_EQ(account_trouble(), "");
}
INSTANTIATE_TEST_SUITE_P(Table, UploadTrouble, ::testing::Range(std::size_t{0}, troubles().size()),
                         [](const auto& instance) { return test_name(troubles()[instance.param].name); });

TEST_F(Upload, ACutIsResumedWhereItHappened) {
  const auto batch = packed(10);
  no_create();
  gemini.next(Endpoint::data, cut_after(101));  // inside the second line's frame
  gemini.next(Endpoint::data, cut_after(33));
  pass(1min, {Which::submit});
  EXPECT_EQ(only_batch().state, BatchState::uploaded);
  EXPECT_EQ(only_batch().upload_n, 1);
  EXPECT_EQ(gemini.count(Endpoint::start), 1U);
  EXPECT_EQ(gemini.count(Endpoint::query), 2U);
  EXPECT_EQ(sent_bytes(), jsonl_of(batch));
  EXPECT_EQ(gemini.files.at(name(batch, 1)), jsonl_of(batch));
}

TEST_F(Upload, AnUploadWhoseLastAnswerIsLostIsNotTakenForAnother) {
  packed(3);
  no_create();
  gemini.next(Endpoint::data, done_but_unanswered());
  pass(1min, {Which::submit});
  const auto there = only_batch();
  EXPECT_EQ(there.state, BatchState::uploaded);
  EXPECT_EQ(there.upload_n, 2);  // the session is gone: another name, never a guess about the first
  EXPECT_EQ(gemini.files.at(name(there, 2)), jsonl_of(there));
}

TEST_F(Upload, ChunksAndResumesOfALargeFileAfterARestart) {
  for (int i = 0; i < 10; ++i)
    accept("{\"n\":" + std::to_string(i) + ",\"text\":\"" + std::string(1'100'000, static_cast<char>('a' + i)) + "\"}");
  look(Which::pack);
  const auto batch = only_batch();
  no_create();
  const auto jsonl = jsonl_of(batch);
  ASSERT_GT(jsonl.size(), static_cast<std::size_t>(proto::kUploadChunkBytes));
  look(Which::submit);
  gemini.next(Endpoint::data, cut_after(5'000'001));
  look(Which::submit);
  ASSERT_EQ(only_batch().state, BatchState::uploading);
  restart();
  pass(1min, {Which::submit});
  EXPECT_EQ(only_batch().state, BatchState::uploaded);
  EXPECT_EQ(gemini.count(Endpoint::start), 1U);
  const auto data = gemini.seen(Endpoint::data);
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[1].offset, 5'000'001);
  EXPECT_TRUE(sent_bytes() == jsonl);
  EXPECT_TRUE(gemini.files.at(name(batch, 1)) == jsonl);
}

TEST_F(Upload, ALargeFileGoesInChunks) {
  for (int i = 0; i < 10; ++i) accept("{\"text\":\"" + std::string(1'000'000, static_cast<char>('a' + i)) + "\"}");
  look(Which::pack);
  no_create();
  pass(0s, {Which::submit});
  const auto data = gemini.seen(Endpoint::data);
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[0].body.size(), static_cast<std::size_t>(proto::kUploadChunkBytes));
  EXPECT_FALSE(data[0].finalize);
  EXPECT_TRUE(data[1].finalize);
  EXPECT_TRUE(sent_bytes() == jsonl_of(only_batch()));
}

}  // namespace
}  // namespace batchd::daemon::testing
