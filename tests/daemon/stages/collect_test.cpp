// collect: each line reaches the request whose key it has, and the requeue table decides about requests without a line.
#include <numeric>

#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Collect : public World {
 protected:
  // The job of a batch of `count` is over as `end` says, with `edit`ed good lines as its output.
  template <class Edit>
  BatchId ended(int count, Edit edit, const std::string& end = "SUCCEEDED") {
    const auto id = submitted(count).id;
    auto& job = gemini.only_job();
    auto lines = gemini.good_lines(job.file);
    edit(lines);
    gemini.finish(job, lines, end);
    look(Which::poll);
    CHECK(batch(id).state == BatchState::ended);
    return id;
  }
  void wait(Duration span) { pass(span, {Which::collect}); }
  std::string key(BatchId id, int n) const { return wire_key(id, ids_[static_cast<std::size_t>(n)]); }
  static std::string echo(std::size_t n) { return "{\"echo\":{\"n\":" + std::to_string(n) + "}}"; }
  void expect_own_responses() {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      SCOPED_TRACE(i);
      ASSERT_EQ(request(ids_[i]).state, RequestState::succeeded);
      EXPECT_EQ(response_of(ids_[i]), echo(i));
    }
  }
};

using Lines = std::vector<std::string>;

TEST_F(Collect, ShuffledLinesReachTheirOwnRequests) {
  const auto id = ended(10, [](Lines& lines) {
    std::ranges::reverse(lines);
    std::swap(lines[2], lines[7]);
  });
  wait(0s);
  expect_own_responses();
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(batch(id).lines.succeeded, 10);
  EXPECT_EQ(gemini.count(Endpoint::download), 1U);
}

TEST_F(Collect, PiecesOfAnySizeMakeTheSameLines) {
  for (const std::size_t fragment : {1U, 7U, 64U}) {
    SCOPED_TRACE(fragment);
    gemini.fragment = fragment;
    const auto ids = accept_many(10);
    pass(0s, {Which::pack, Which::submit});
    gemini.finish_all();
    pass(10min, {Which::poll, Which::collect});
    EXPECT_EQ(states(ids), std::vector(10, RequestState::succeeded));
  }
}

TEST_F(Collect, AMissingLineIsLookedForTwiceThenSentAgain) {
  const auto id = ended(3, [](Lines& lines) { lines.erase(lines.begin() + 1); });
  look(Which::collect);
  look(Which::collect);
  EXPECT_EQ(gemini.count(Endpoint::download), 1U);
  EXPECT_EQ(batch(id).state, BatchState::collecting);
  EXPECT_EQ(request(ids_[1]).state, RequestState::packed);
  wait(1min);
  EXPECT_EQ(gemini.count(Endpoint::download), 2U);
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(states(ids_), (std::vector{RequestState::succeeded, RequestState::queued, RequestState::succeeded}));
  EXPECT_EQ(request(ids_[1]).attempts, 1);
  const auto counts = batch(id).lines;
  EXPECT_EQ(counts.succeeded, 2);
  EXPECT_EQ(counts.requeued, 1);
  EXPECT_EQ(counts.missing, 1);
  EXPECT_EQ(counts.possibly_charged, 1);
  EXPECT_TRUE(balanced());
}

TEST_F(Collect, ALineThatIsThereTheSecondTimeIsTaken) {
  const auto id = ended(3, [](Lines&) {});
  gemini.next(Endpoint::download, [](Call&, const std::function<HttpEvent()>& properly) {
    auto event = properly();
    event.body.resize(event.body.find('\n') + 1);  // whole lines, but not all of them
    return event;
  });
  wait(1min);
  expect_own_responses();
  EXPECT_EQ(batch(id).lines.possibly_charged, 0);
  EXPECT_EQ(batch(id).lines.dropped, 0);
}

TEST_F(Collect, AttemptsAreBounded) {
  ids_ = accept_many(1);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    pass(2min, {Which::pack, Which::submit});
    auto& job = gemini.jobs.front();
    gemini.finish(job, {error_line(key_of(lines_of(gemini.files.at(job.file)).at(0)), 13, "internal trouble")});
    pass(10min, {Which::poll, Which::collect});
    EXPECT_EQ(request(ids_[0]).attempts, attempt);
    EXPECT_EQ(to_text(request(ids_[0]).state), to_text(attempt < 3 ? RequestState::queued : RequestState::failed));
  }
  EXPECT_EQ(request(ids_[0]).error->message, "internal trouble");
  EXPECT_EQ(request(ids_[0]).error->code, 13);
  pass(1h);
  EXPECT_EQ(gemini.count(Endpoint::create), 3U);
}

TEST_F(Collect, ErrorLinesAreToldApart) {
  for (const int code : {1, 2, 3, 4, 5, 7, 8, 9, 13, 14, 16}) {
    SCOPED_TRACE(code);
    const bool again = code == 4 || code == 8 || code == 13 || code == 14;
    const auto id = accept("{\"code\":" + std::to_string(code) + "}");
    advance_clock(2min);
    pass(0s, {Which::pack, Which::submit});
    auto& job = gemini.jobs.front();
    gemini.finish(job, {error_line(key_of(lines_of(gemini.files.at(job.file)).at(0)), code, "its words")});
    advance_clock(10min);
    pass(0s, {Which::poll, Which::collect});
    const auto view = request(id);
    EXPECT_EQ(to_text(view.state), to_text(again ? RequestState::queued : RequestState::failed));
    EXPECT_EQ(batches().back().lines.possibly_charged, 0);
    if (again) {
      EXPECT_EQ(view.attempts, 1);
      pass(2min, {Which::pack, Which::submit});  // out of the way of the next
      gemini.finish_all();
      pass(10min, {Which::poll, Which::collect});
      continue;
    }
    EXPECT_EQ(view.error->code, code);
    EXPECT_EQ(view.error->message, "its words");
    EXPECT_EQ(view.error->source, ErrorSource::provider);
  }
}

// It was paid for: a response counts wherever it stands in the file, whatever else is said about its request.
TEST_F(Collect, AResponseCountsBesideAnErrorOfTheSameKey) {
  const auto id = ended(3, [](Lines& lines) {
    const auto first = key_of(lines[0]), second = key_of(lines[1]), third = key_of(lines[2]);
    lines.insert(lines.begin(), {error_line(first, 13, "tried again"), error_line(second, 3, "for ever")});
    lines.push_back(error_line(third, 13, "afterwards"));
  });
  wait(1min);
  expect_own_responses();
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(batch(id).lines.requeued, 0);
  EXPECT_EQ(batch(id).lines.failed, 0);
  EXPECT_EQ(batch(id).lines.dropped, 3);
  EXPECT_EQ(gemini.count(Endpoint::create), 1U);
}

TEST_F(Collect, StrangeLinesAreCountedAndNeverDelivered) {
  std::string own;
  const auto id = ended(3, [&](Lines& lines) {
    own = key_of(lines[0]);
    lines.push_back(good_line(own, "{\"echo\":\"a second one\"}"));
    lines.push_back(good_line(wire_key(BatchId(4711), ids_[0]), "{\"echo\":\"of another batch\"}"));
    lines.push_back("{\"response\":{\"echo\":\"without a key\"}}");
    lines.push_back("{\"key\":\"" + own + "\",\"key\":\"" + own + "\",\"response\":{}}");
    lines.push_back("not even JSON");
    lines.push_back("");
    lines.push_back("{\"key\":\"" + own + "\"}");
    // Of this batch, but nobody's: an id that isn't a member.
    lines.push_back(good_line(own.substr(0, own.size() - 2) + "zz", "{\"echo\":\"nobody's\"}"));
  });
  wait(1min);
  expect_own_responses();
  const auto counts = batch(id).lines;
  EXPECT_EQ(counts.succeeded, 3);
  EXPECT_EQ(counts.dropped, 2);
  EXPECT_EQ(counts.foreign, 1);
  EXPECT_EQ(counts.unreadable, 4);
  EXPECT_EQ(counts.missing, 0);
  EXPECT_TRUE(balanced());
}

TEST_F(Collect, ACutDownloadIsReadAgain) {
  const auto id = ended(10, [](Lines&) {});
  for (const std::size_t at : {0U, 1U, 100U, 333U}) gemini.next(Endpoint::download, cut_after(at));
  gemini.next(Endpoint::download, says(503, "busy"));
  gemini.next(Endpoint::download, not_sent());
  wait(10min);
  expect_own_responses();
  EXPECT_EQ(gemini.count(Endpoint::download), 7U);
  EXPECT_EQ(batch(id).lines.missing, 0);
  EXPECT_EQ(batch(id).lines.possibly_charged, 0);
}

TEST_F(Collect, ACutThatLooksCompleteIsReadAgain) {
  const auto id = ended(10, [](Lines&) {});
  for (int i = 0; i < 3; ++i)
    gemini.next(Endpoint::download, [](Call&, const std::function<HttpEvent()>& properly) {
      auto event = properly();
      event.body.resize(event.body.size() - 10);  // inside the last line, and no error of the transport
      return event;
    });
  wait(10min);
  expect_own_responses();
  EXPECT_EQ(gemini.count(Endpoint::download), 4U);
  EXPECT_EQ(batch(id).lines.unreadable, 0);
}

TEST_F(Collect, ALastLineWithoutItsNewlineCounts) {
  ended(3, [](Lines&) {});
  gemini.files[gemini.only_job().output].pop_back();
  wait(0s);
  expect_own_responses();
  EXPECT_EQ(gemini.count(Endpoint::download), 1U);
}

TEST_F(Collect, APageInsteadOfAFileIsNotAFileWithoutLines) {
  const std::vector<std::pair<const char*, std::string>> pages{{"html", "<html>\n<body>Sign in</body>\n</html>\n"},
                                                               {"nothing", ""},
                                                               {"an error", error_body(500, "INTERNAL", "oops")}};
  const auto id = ended(3, [](Lines&) {});
  for (const auto& [name, page] : pages) {
    SCOPED_TRACE(name);
    for (int i = 0; i < 3; ++i) gemini.next(Endpoint::download, says(200, page));
  }
  wait(30min);
  expect_own_responses();
  EXPECT_EQ(batch(id).lines.possibly_charged, 0);
}

TEST_F(Collect, PatienceIsNotUsedUpByAnOutage) {
  const auto id = ended(3, [](Lines&) {});
  gemini.next(Endpoint::download, says(200, ""));
  gemini.always(Endpoint::download, says(503, ""));
  wait(config.polling.download_grace + 1h);
  EXPECT_EQ(batch(id).state, BatchState::collecting);
  gemini.properly_again(Endpoint::download);
  for (int i = 0; i < 3; ++i) gemini.next(Endpoint::download, says(200, ""));
  wait(config.polling.download_grace);
  expect_own_responses();
  EXPECT_EQ(batch(id).lines.possibly_charged, 0);
}

TEST_F(Collect, AFileThatStaysAwayIsHeldNeverSentAgain) {
  const auto id = ended(3, [](Lines&) {});
  gemini.files.erase(gemini.only_job().output);
  wait(config.polling.download_grace - 1min);
  EXPECT_EQ(batch(id).state, BatchState::collecting);
  wait(24h);
  EXPECT_EQ(batch(id).state, BatchState::held);
  EXPECT_EQ(states(ids_), std::vector(3, RequestState::packed));
}

TEST_F(Collect, ALineLongerThanAChunkIsDeliveredVerbatim) {
  const auto large = "{\"text\":\"" + std::string(1'500'000, 'x') + "\\u00e9\",\"n\":1.000000000000000000001,\"b\":\"" +
                     std::string(1'500'000, 'y') + "\"}";
  gemini.fragment = 100'001;
  ended(3, [&](Lines& lines) { lines[1] = good_line(key_of(lines[1]), large); });
  wait(0s);
  EXPECT_TRUE(response_of(ids_[1]) == large);
  EXPECT_EQ(response_of(ids_[0]), echo(0));
  EXPECT_EQ(response_of(ids_[2]), echo(2));
}

TEST_F(Collect, ALongLineThatWasCutLeavesNothingBehind) {
  const auto large = "{\"text\":\"" + std::string(3'000'000, 'x') + "\"}";
  ended(2, [&](Lines& lines) { lines[0] = good_line(key_of(lines[0]), large); });
  gemini.next(Endpoint::download, cut_after(2'500'000));
  wait(1min);
  EXPECT_TRUE(response_of(ids_[0]) == large);
  EXPECT_EQ(response_of(ids_[1]), echo(1));
}

TEST_F(Collect, ARestartInTheMiddleCountsNothingTwice) {
  const auto id = ended(10, [](Lines& lines) { lines.pop_back(); });
  look(Which::collect);
  look(Which::collect);
  ASSERT_EQ(batch(id).state, BatchState::collecting);
  restart();
  wait(10min);
  EXPECT_EQ(batch(id).state, BatchState::done);
  EXPECT_EQ(batch(id).lines.succeeded, 9);
  EXPECT_EQ(batch(id).lines.requeued, 1);
  EXPECT_EQ(batch(id).lines.possibly_charged, 1);
  EXPECT_EQ(request(ids_[9]).attempts, 1);
  EXPECT_TRUE(balanced());
}

// What the requests become that a finished job has no line for.
struct Absent {
  const char* name;
  const char* end;
  int code;        // of the job
  bool has_lines;  // for all but the last of three
  RequestState becomes;
  bool charged;
  BatchState batch_becomes = BatchState::done;
};
const std::vector<Absent>& absents() {
  using enum RequestState;
  static const std::vector<Absent> table{
      {"expired", "EXPIRED", 0, false, queued, false},
      {"expired, some lines", "EXPIRED", 0, true, queued, false},
      {"failed 13", "FAILED", 13, false, queued, false},
      {"failed 8", "FAILED", 8, false, queued, false},
      {"failed 3", "FAILED", 3, false, packed, false, BatchState::refused},
      {"failed without a word", "FAILED", 0, false, packed, false, BatchState::refused},
      {"failed 3, some lines", "FAILED", 3, true, queued, false},
      {"cancelled", "CANCELLED", 0, false, failed, true},
      {"cancelled, some lines", "CANCELLED", 0, true, failed, true},
      {"succeeded, some lines", "SUCCEEDED", 0, true, queued, true},
  };
  return table;
}

class WithoutALine : public Collect, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(WithoutALine, IsJudgedByTheTable) {
  const auto& row = absents()[GetParam()];
  const auto id = submitted(3).id;
  auto& job = gemini.only_job();
  auto lines = gemini.good_lines(job.file);
  lines.pop_back();
  if (row.code != 0) gemini.fail(job, row.code, "its words");
  if (row.has_lines)
    gemini.finish(job, lines, row.end);
  else
    job.state = std::string("BATCH_STATE_") + row.end;
  pass(10min, {Which::poll, Which::collect});
  EXPECT_EQ(to_text(batch(id).state), to_text(row.batch_becomes));
  const auto given = row.has_lines ? RequestState::succeeded : row.becomes;
  EXPECT_EQ(states(ids_), (std::vector{given, given, row.becomes}));
  EXPECT_EQ(request(ids_[2]).attempts, row.becomes == RequestState::packed ? 0 : 1);
  EXPECT_EQ(batch(id).lines.possibly_charged, row.charged ? (row.has_lines ? 1 : 3) : 0);
  EXPECT_TRUE(balanced());
}
INSTANTIATE_TEST_SUITE_P(Table, WithoutALine, ::testing::Range(std::size_t{0}, absents().size()),
                         [](const auto& instance) { return test_name(absents()[instance.param].name); });

TEST_F(Collect, AFailureWithoutAWordIsGivenOne) {
  submitted(1);
  gemini.only_job().state = "BATCH_STATE_FAILED";
  pass(10min, {Which::poll, Which::collect, Which::settle});
  ASSERT_EQ(request(ids_[0]).state, RequestState::failed);
  EXPECT_EQ(request(ids_[0]).error->code, 13);
  EXPECT_EQ(request(ids_[0]).error->message, "the batch job failed without a word from the provider");
}

TEST_F(Collect, ThreeExpiredJobsEndARequestExpired) {
  ids_ = accept_many(1);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    pass(2min, {Which::pack, Which::submit});
    gemini.jobs.front().state = "BATCH_STATE_EXPIRED";
    pass(10min, {Which::poll, Which::collect});
  }
  EXPECT_EQ(request(ids_[0]).state, RequestState::expired);
  EXPECT_EQ(gemini.count(Endpoint::create), 3U);
}

}  // namespace
}  // namespace batchd::daemon::testing
