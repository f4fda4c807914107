// What a refused create proves, and about whom: nobody's request fails for somebody else's.
#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {
namespace {

class Refusal : public World {
 protected:
  void let_it_run(int rounds = 30, Duration each = 5min) {
    for (int i = 0; i < rounds; ++i) {
      pass(each);
      gemini.finish_all();
    }
  }
  std::vector<RequestId> accept_bad(int count, OwnerId owner) {
    std::vector<std::string> bodies;
    for (int i = 0; i < count; ++i) bodies.push_back("{\"n\":\"bad " + std::to_string(i) + "\"}");
    return accept_all(bodies, owner);
  }
  std::int64_t count(const std::vector<RequestId>& ids, RequestState state, OwnerId owner) {
    return std::ranges::count(states(ids, owner), state);
  }
  // Those that wait in the owner's suspicious queue.
  std::int64_t suspicious(OwnerId owner) {
    std::int64_t items = 0;
    for (const auto& queue : ask([](Store& store) { return store.summarise_queue(); })) {
      if (!queue.suspicious) continue;
      for (const auto& one : queue.owners)
        if (one.owner == owner) items += one.items;
    }
    return items;
  }
  std::size_t creates() { return gemini.count(Endpoint::create); }
  std::vector<std::string> missing_;
};

// A1: the words of the refusal quote a text that looks like refused lines of somebody else.
TEST_F(Refusal, AQuotedTextConvictsNobody) {
  config.packing.limits.items = 7;
  gemini.refused = "bad";
  for (const std::string quoted :
       {": 'Error on line 1: Error on line 2: '", "\\nError on line 1: x\\nError on line 5: y", "\\nError on line 5: x",
        "\\r\\nError on line 5: x", "\\nError on line 99: x"}) {
    SCOPED_TRACE(quoted);
    gemini.quotes = quoted;
    const auto anna = accept_many(3, kAnna);
    const auto bob = accept_bad(1, kBob);
    const auto more = accept_many(3, kAnna);
    let_it_run();
    EXPECT_EQ(states(anna), std::vector(3, RequestState::succeeded));
    EXPECT_EQ(states(more), std::vector(3, RequestState::succeeded));
    ASSERT_EQ(request(bob[0], kBob).state, RequestState::failed);
    const auto error = request(bob[0], kBob).error;
    EXPECT_EQ(error->message.find("invalid JSON: no such field"), 0U) << error->message;
    EXPECT_EQ(error->message.find("column"), std::string::npos);
  }
}

TEST_F(Refusal, LinesOfOneOwnerFailWithTheirOwnWords) {
  config.packing.limits.items = 100;
  gemini.refused = "bad";
  const auto anna = accept_many(5, kAnna);
  const auto bob = accept_bad(20, kBob);
  const auto good = accept_many(5, kBob);
  let_it_run();
  EXPECT_EQ(states(anna), std::vector(5, RequestState::succeeded));
  EXPECT_EQ(states(good, kBob), std::vector(5, RequestState::succeeded));
  for (const auto id : bob) {
    ASSERT_EQ(request(id, kBob).state, RequestState::failed);
    EXPECT_EQ(request(id, kBob).error->message, "invalid JSON: no such field");
    EXPECT_EQ(request(id, kBob).error->source, ErrorSource::provider);
  }
  EXPECT_LE(creates(), 4U);
  EXPECT_TRUE(balanced());
}

struct Manner {
  const char* name;
  std::size_t names_at_most;
  const char* quotes;
};
class TwoOwners : public Refusal, public ::testing::WithParamInterface<Manner> {};

// A3: one owner's bad requests cost another owner nothing, however many they are; and nobody fails who wasn't refused
// alone or by name.
TEST_P(TwoOwners, OnesBadRequestsCostTheOtherNothing) {
  config.packing.limits.items = 5000;
  gemini.refused = "bad";
  gemini.names_at_most = GetParam().names_at_most;
  gemini.quotes = GetParam().quotes;
  const auto anna = accept_many(200, kAnna);
  const auto bob = accept_bad(400, kBob);
  const auto good = accept_many(40, kBob);
  flush();
  for (int i = 0; i < 40; ++i) {
    pass(1s);
    gemini.finish_all();
  }
  EXPECT_EQ(count(anna, RequestState::succeeded, kAnna), 200);
  EXPECT_LE(creates(), static_cast<std::size_t>(kCreatesPerPartMax) + 1);
  const auto failed = count(bob, RequestState::failed, kBob);
  EXPECT_EQ(count(good, RequestState::failed, kBob), 0);
  EXPECT_EQ(suspicious(kBob), 400 - failed + 40 - count(good, RequestState::succeeded, kBob));
  const auto ends = states(bob, kBob);
  for (std::size_t i = 0; i < bob.size(); ++i)
    if (ends[i] == RequestState::failed) {
      EXPECT_EQ(request(bob[i], kBob).error->message.find("send it alone"), std::string::npos);
    }

  // From then on at most twelve creates an hour.
  for (int hour = 1; suspicious(kBob) > 0 && hour <= 12; ++hour) {
    for (int i = 0; i < 12; ++i) {
      pass(5min);
      gemini.finish_all();
    }
    ASSERT_LE(creates(), static_cast<std::size_t>(kCreatesPerPartMax + 2 + 12 * hour));
  }
  EXPECT_EQ(count(good, RequestState::failed, kBob), 0);
  EXPECT_TRUE(balanced());
}
INSTANTIATE_TEST_SUITE_P(Manners, TwoOwners,
                         ::testing::Values(Manner{"anonymous", 0, ""}, Manner{"hundred", 100, ""},
                                           Manner{"five", 5, ""},
                                           Manner{"quoting", 100, "\\nError on line 1: x\\nError on line 600: y"}),
                         [](const auto& test) { return test.param.name; });

TEST_F(Refusal, ManyAnonymousOnesAmongGoodOnesConvictNoGoodOne) {
  config.packing.limits.items = 2000;
  gemini.refused = "bad";
  gemini.names_at_most = 0;
  const auto is_bad = [](std::size_t i) { return i % 50 == 17; };
  std::vector<std::string> bodies(400, "{\"n\":1}");
  for (std::size_t i = 0; i < bodies.size(); ++i)
    if (is_bad(i)) bodies[i] = "{\"n\":\"bad\"}";
  std::vector<RequestId> bad, good;
  const auto all = accept_all(bodies, kAnna);
  for (std::size_t i = 0; i < all.size(); ++i) (is_bad(i) ? bad : good).push_back(all[i]);
  flush();
  let_it_run(40, 1s);
  EXPECT_GT(creates(), 10U);
  EXPECT_EQ(count(good, RequestState::failed, kAnna), 0);
  EXPECT_LE(creates(), static_cast<std::size_t>(kCreatesPerPartMax));
  let_it_run(400);
  EXPECT_EQ(count(good, RequestState::succeeded, kAnna), std::ssize(good));
  EXPECT_EQ(count(bad, RequestState::failed, kAnna), std::ssize(bad));
}

// What a refusal quotes is for those who wrote it.
TEST_F(Refusal, AnOperatorSeesNoQuotedPrompt) {
  const auto refused = accept_many(1)[0];
  gemini.next(Endpoint::create, says_error(400, "INVALID_ARGUMENT", "no such field: 'ann secret'"));
  pass(5min);
  ASSERT_EQ(request(refused).state, RequestState::failed);
  EXPECT_EQ(request(refused).error->message, "no such field: 'ann secret'");
  EXPECT_EQ(only_batch().message, "no such field: '...'");

  start_over();
  const auto failed = accept_many(1)[0];
  pass(5min);
  gemini.fail(gemini.only_job(), 3, "no such field: 'ann secret'");
  pass(5min);
  ASSERT_EQ(request(failed).state, RequestState::failed);
  EXPECT_EQ(request(failed).error->message, "no such field: 'ann secret'");
  EXPECT_EQ(only_batch().message, "no such field: '...'");
}

// After three days of refusals an operator decides; what is suspicious never fails for that.
TEST_F(Refusal, SuspiciousRequestsWaitForAnOperatorInTheEnd) {
  config.packing.limits.items = 2000;
  gemini.always(Endpoint::create, says_error(400, "INVALID_ARGUMENT", "no"));
  const auto ids = accept_many(300);
  flush();
  pass(4min);
  EXPECT_EQ(creates(), static_cast<std::size_t>(kCreatesPerPartMax));
  advance_clock(69h);
  for (int i = 0; i < 4; ++i) pass(1h);
  const auto then = creates();
  EXPECT_GT(then, static_cast<std::size_t>(kCreatesPerPartMax));
  EXPECT_LE(then, static_cast<std::size_t>(kCreatesPerPartMax + 12 * 4));
  const auto waiting = suspicious(kAnna);
  EXPECT_GT(waiting, 0);
  EXPECT_EQ(count(ids, RequestState::failed, kAnna), 300 - waiting);
  for (int i = 0; i < 24; ++i) pass(1h);
  EXPECT_EQ(creates(), then);
  gemini.properly_again(Endpoint::create);
  ask([&](Store& store) { return store.renew_suspicion({}, wall()); });
  let_it_run(60);
  EXPECT_EQ(count(ids, RequestState::succeeded, kAnna), waiting);
  EXPECT_TRUE(balanced());
}

// --- refusals that the answer alone doesn't explain

TEST_F(Refusal, AFileThatIsProcessedIsWaitedFor) {
  gemini.looks_until_ready = 5;
  const auto ids = accept_many(8);
  let_it_run(10);
  EXPECT_EQ(states(ids), std::vector(8, RequestState::succeeded));
  EXPECT_EQ(gemini.count(Endpoint::start), 1U);
  EXPECT_EQ(creates(), 1U);
}

// Also if the answer to the upload doesn't say so, or a restart has forgotten it.
TEST_F(Refusal, AFileThatTurnsOutToBeProcessedIsWaitedFor) {
  gemini.next(Endpoint::create, says_error(400, "FAILED_PRECONDITION",
                                           "The File ID is not in an ACTIVE state and usage is not allowed."));
  const auto ids = accept_many(8);
  let_it_run(10);
  EXPECT_EQ(states(ids), std::vector(8, RequestState::succeeded));
  EXPECT_EQ(gemini.count(Endpoint::start), 1U);
  EXPECT_TRUE(account_trouble().empty());
}

TEST_F(Refusal, AFileThatIsNeverReadyIsUploadedAnewAndNobodyFails) {
  gemini.looks_until_ready = 1'000'000;
  const auto ids = accept_many(8);
  pass(24h);
  EXPECT_EQ(states(ids), std::vector(8, RequestState::packed));
  EXPECT_GT(gemini.count(Endpoint::start), 2U);
  EXPECT_LT(gemini.count(Endpoint::start), 60U);
  EXPECT_EQ(creates(), 0U);
  EXPECT_TRUE(account_trouble().empty());
}

TEST_F(Refusal, AFileThatIsGoneIsUploadedAnew) {
  for (const auto& [code, status] :
       {std::pair(404, "NOT_FOUND"), std::pair(403, "PERMISSION_DENIED"), std::pair(400, "FAILED_PRECONDITION")}) {
    SCOPED_TRACE(code);
    gemini.calls.clear();
    gemini.next(Endpoint::create, [&, refusal = says_error(code, status, "Requested entity was not found.")](
                                      Call& call, const std::function<HttpEvent()>& properly) {
      gemini.files.erase(call.file);
      return refusal(call, properly);
    });
    const auto ids = accept_many(4);
    let_it_run(10);
    EXPECT_EQ(states(ids), std::vector(4, RequestState::succeeded));
    EXPECT_EQ(gemini.count(Endpoint::start), 2U);
    EXPECT_EQ(creates(), 2U);
  }
}

TEST_F(Refusal, AModelThatIsMissingFailsAllWithItsWords) {
  gemini.next(Endpoint::create, says_error(404, "NOT_FOUND", "Requested entity was not found."));
  gemini.next(Endpoint::model, says_error(404, "NOT_FOUND", "models/x is not found for API version v1beta"));
  const auto ids = accept_many(6);
  let_it_run(5);
  EXPECT_EQ(states(ids), std::vector(6, RequestState::failed));
  EXPECT_EQ(request(ids[0]).error->message, "models/x is not found for API version v1beta");
  EXPECT_EQ(request(ids[0]).error->kind, ErrorClass::not_found);
  EXPECT_EQ(creates(), 1U);
}

TEST_F(Refusal, AModelWithoutTheBatchMethodFailsAll) {
  gemini.next(Endpoint::create, says_error(404, "NOT_FOUND", "Requested entity was not found."));
  gemini.next(Endpoint::model, says(200, R"({"name":"models/x","supportedGenerationMethods":["generateContent"]})"));
  const auto ids = accept_many(6);
  let_it_run(5);
  EXPECT_EQ(states(ids), std::vector(6, RequestState::failed));
  EXPECT_EQ(creates(), 1U);
}

// B3: what a request itself names isn't there.
TEST_F(Refusal, WhoNamesWhatIsNotThereFailsAlone) {
  for (
      const std::string body :
      {R"({"contents":[{"parts":[{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/none"}}]}]})",
       R"({"contents":[],"cachedContent":"cachedContents/none"})"}) {
    SCOPED_TRACE(body);
    gemini.calls.clear();
    gemini.always(Endpoint::create, refuses_files_with(gemini, "/none", 403, "PERMISSION_DENIED",
                                                       "You do not have permission to access it or it may not exist."));
    const auto anna = accept_many(4, kAnna);
    const auto bob = accept(body, kBob);
    const auto good = accept_many(2, kBob);
    let_it_run(10);
    EXPECT_EQ(states(anna), std::vector(4, RequestState::succeeded));
    EXPECT_EQ(states(good, kBob), std::vector(2, RequestState::succeeded));
    EXPECT_EQ(request(bob, kBob).state, RequestState::failed);
    EXPECT_EQ(creates(), 3U);
    EXPECT_TRUE(account_trouble().empty());
  }
}

// The provider still works on a file that one request names: others don't wait for it, and no creates are spent on it.
TEST_F(Refusal, AFileOfAMemberThatIsProcessedHoldsUpNobodyElse) {
  gemini.files["files/theirs"] = "x";
  gemini.looks_left_for("files/theirs", 6);
  gemini.always(Endpoint::create, [this](Call& call, const std::function<HttpEvent()>& properly) {
    const bool names_it = gemini.files[call.file].find("files/theirs") != std::string::npos;
    if (!names_it || gemini.ready("files/theirs")) return properly();
    return reply(400, error_body(400, "FAILED_PRECONDITION", "The File theirs is not in an ACTIVE state"));
  });
  const auto anna = accept_many(3, kAnna);
  const auto bob = accept(R"({"contents":[{"parts":[{"fileData":{"fileUri":"files/theirs"}}]}]})", kBob);
  let_it_run(10);
  EXPECT_EQ(states(anna), std::vector(3, RequestState::succeeded));
  EXPECT_EQ(request(bob, kBob).state, RequestState::succeeded);
  EXPECT_LE(creates(), 6U);
  EXPECT_TRUE(account_trouble().empty());
}

// More things are named than are asked for in one look.
TEST_F(Refusal, OfManyFilesThatAreNamedTheMissingOnesAreFound) {
  config.packing.limits.items = 1000;
  std::vector<RequestId> good, bad;
  for (int i = 0; i < 500; ++i) {
    const auto file = "files/f" + std::to_string(i);
    const bool missing = i == 230 || i == 480;
    if (!missing) gemini.files[file] = "x";
    (missing ? bad : good)
        .push_back(accept(R"({"contents":[{"parts":[{"fileData":{"fileUri":")" + file + R"("}}]}]})"));
  }
  for (const auto& text : {"files/f230", "files/f480"}) missing_.push_back(text);
  gemini.always(Endpoint::create, [this](Call& call, const std::function<HttpEvent()>& properly) {
    for (const auto& text : missing_)
      if (gemini.files[call.file].find('"' + text + '"') != std::string::npos)
        return reply(403, error_body(403, "PERMISSION_DENIED", "no permission, or it may not exist"));
    return properly();
  });
  let_it_run(20);
  EXPECT_EQ(count(good, RequestState::succeeded, kAnna), 498);
  EXPECT_EQ(count(bad, RequestState::failed, kAnna), 2);
  EXPECT_TRUE(account_trouble().empty());
}

// What one owner's requests name is missing in more than one look can tell: others go on, and are never suspicious.
TEST_F(Refusal, OneOwnersMissingFilesCostTheOtherNothing) {
  config.packing.limits.items = 2000;
  const auto anna = accept_many(20, kAnna);
  std::vector<RequestId> bob;
  for (int i = 0; i < 700; ++i)
    bob.push_back(accept(R"({"contents":[],"cachedContent":"cachedContents/c)" + std::to_string(i) + R"("})", kBob));
  gemini.always(Endpoint::create,
                refuses_files_with(gemini, "cachedContents/c", 403, "PERMISSION_DENIED", "CachedContent not found"));
  flush();
  let_it_run(20, 10s);
  EXPECT_EQ(states(anna), std::vector(20, RequestState::succeeded));
  EXPECT_EQ(count(bob, RequestState::failed, kBob), 700);
  EXPECT_EQ(suspicious(kAnna), 0);
}

// What a function's arguments are called is no reference.
TEST_F(Refusal, AnAccountThatRefusesAllFailsNobodyForAWord) {
  gemini.always(Endpoint::create, says_error(400, "FAILED_PRECONDITION", "Billing is not enabled."));
  const auto id = accept(R"({"contents":[{"parts":[{"functionCall":{"args":{"fileUri":"files/report"}}}]}]})");
  for (int i = 0; i < 3; ++i) pass(1h);
  EXPECT_EQ(request(id).state, RequestState::packed);
  EXPECT_EQ(account_trouble().find("Billing"), std::string::npos) << "words that may quote a request";
  EXPECT_NE(account_trouble().find("HTTP 400"), std::string::npos);
  // Nobody waits any more: nothing is wrong with the account as far as is known.
  cancel(id);
  pass(1h);
  ask([](Store& store) { return store.counts(); });
  gemini.properly_again(Endpoint::create);
  accept_many(1);
  let_it_run(3);
  EXPECT_TRUE(account_trouble().empty());
}

TEST_F(Refusal, AJobThatFailsWhileTheAccountIsRefusedFailsNobody) {
  const auto id = submitted(1).id;
  gemini.fail(gemini.only_job(), 9, "precondition");
  gemini.always(Endpoint::account, says_error(403, "PERMISSION_DENIED", "no"));
  pass(1h, {Which::poll, Which::collect, Which::settle});
  EXPECT_EQ(batch(id).state, BatchState::refused);
  EXPECT_EQ(states(ids_), std::vector(1, RequestState::packed));
  EXPECT_FALSE(account_trouble().empty());
}

// Nothing that is asked for explains it, but the account accepts what others send.
TEST_F(Refusal, WhatOnlyOneRequestMeetsIsNotTheAccounts) {
  gemini.always(Endpoint::create,
                refuses_files_with(gemini, "odd", 403, "PERMISSION_DENIED", "The caller does not have permission"));
  const auto anna = accept_many(4, kAnna);
  const auto bob = accept("{\"n\":\"odd\"}", kBob);
  const auto good = accept_many(3, kBob);
  let_it_run(60);
  EXPECT_EQ(states(anna), std::vector(4, RequestState::succeeded));
  EXPECT_EQ(states(good, kBob), std::vector(3, RequestState::succeeded));
  ASSERT_EQ(request(bob, kBob).state, RequestState::failed);
  EXPECT_EQ(request(bob, kBob).error->message, "The caller does not have permission");
  EXPECT_TRUE(account_trouble().empty());
}

class Unpaid : public Refusal, public ::testing::WithParamInterface<int> {};

// An account without billing refuses every create: nobody fails, and all goes on when that is mended.
TEST_P(Unpaid, AnAccountThatRefusesAllFailsNobody) {
  config.packing.limits.items = 1000;
  for (const auto& [code, status] : {std::pair(400, "FAILED_PRECONDITION"), std::pair(403, "PERMISSION_DENIED")}) {
    SCOPED_TRACE(code);
    gemini.calls.clear();
    gemini.always(Endpoint::create, says_error(code, status, "Billing is not enabled for this project."));
    const auto ids = accept_many(GetParam());
    const auto late = accept_many(1, kBob);
    for (int i = 0; i < 4; ++i) pass(1h);
    EXPECT_EQ(count(ids, RequestState::packed, kAnna), GetParam());
    EXPECT_FALSE(account_trouble().empty());
    EXPECT_LE(gemini.count(Endpoint::start), 8U);
    gemini.properly_again(Endpoint::create);
    let_it_run(10);
    EXPECT_EQ(count(ids, RequestState::succeeded, kAnna), GetParam());
    EXPECT_EQ(states(late, kBob), std::vector(1, RequestState::succeeded));
    EXPECT_TRUE(account_trouble().empty());
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, Unpaid, ::testing::Values(1, 500));

// A restart between all steps forgets nothing that matters.
TEST_F(Refusal, ARestartAtEveryStepChangesNoVerdict) {
  gemini.refused = "bad";
  gemini.names_at_most = 2;
  gemini.looks_until_ready = 1;
  const auto anna = accept_many(4, kAnna);
  const auto bob = accept_bad(5, kBob);
  for (int i = 0; i < 200; ++i) {
    for (const auto stage : {Which::pack, Which::submit, Which::settle}) {
      look(stage);
      restart();
    }
    advance_clock(10s);
  }
  let_it_run(10);
  EXPECT_EQ(states(anna), std::vector(4, RequestState::succeeded));
  EXPECT_EQ(states(bob, kBob), std::vector(5, RequestState::failed));
  EXPECT_TRUE(balanced());
}

}  // namespace
}  // namespace batchd::daemon::testing
