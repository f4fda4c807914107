// What an account's provider makes of a submission: two kinds of providers, which name models and endpoints
// differently.
#include "daemon/api/lane.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "daemon/api/reply.h"
#include "daemon/net/clock.h"
#include "proto/gemini/gemini.h"
#include "storage/sqlite/store.h"
#include "tests/fictitious/depot.h"
#include "tests/harness/temp_folder.h"

namespace batchd::daemon {
namespace {

class Lanes : public ::testing::Test {
 protected:
  void add(const std::string& name, std::unique_ptr<core::Provider> provider) {
    auto account = std::make_unique<Account>();
    account->name = name;
    account->provider = std::move(provider);
    engine_.accounts.add(std::move(account));
  }
  core::Lane lane(const proto::Submission& submission) {
    const auto found = lane_of(engine_, submission);
    if (const auto* problem = std::get_if<Problem>(&found)) ADD_FAILURE() << problem->detail;
    return std::holds_alternative<core::Lane>(found) ? std::get<core::Lane>(found) : core::Lane{};
  }
  Problem problem(const proto::Submission& submission) {
    const auto found = lane_of(engine_, submission);
    if (const auto* problem = std::get_if<Problem>(&found)) return *problem;
    ADD_FAILURE() << std::get<core::Lane>(found).model;
    return {};
  }

  harness::TempFolder folder_;
  config::Config config_;
  SystemClock clock_;
  asio::io_context io_{1};
  storage::StoreThread store_{storage::open_sqlite({.path = folder_.file("db")}).value(),
                              [this](std::function<void()> completions) { asio::post(io_, std::move(completions)); },
                              [](const core::Error&) {}};
  Engine engine_{io_.get_executor(), config_, clock_, store_};
};

TEST_F(Lanes, AreWhatTheAccountsProviderSays) {
  add("default", proto::make_gemini());
  add("other", fictitious::make_depot());
  const auto& endpoints = engine_.accounts.find("other")->provider->caps().endpoints;
  EXPECT_EQ(lane({.model = "models/gemini-2.5-pro"}), (core::Lane{"default", "generateContent", "gemini-2.5-pro"}));
  EXPECT_EQ(lane({.model = "m", .endpoint = "embedContent"}), (core::Lane{"default", "embedContent", "m"}));
  const auto other = lane({.model = "m", .account = "other"});
  EXPECT_EQ(other.endpoint, endpoints.front()) << "the first is the default";
  EXPECT_EQ(lane({.model = "m", .account = "other", .endpoint = endpoints.back()}).endpoint, endpoints.back());
  EXPECT_EQ(&rules_of(engine_, other), &engine_.accounts.find("other")->provider->request_rules(other.endpoint));
}

TEST_F(Lanes, ProblemsHaveTheirCodes) {
  add("default", proto::make_gemini());
  const struct {
    proto::Submission submission;
    std::string code, words;
  } cases[] = {
      {{.model = "m", .account = "nobody"}, "unknown_account", "nobody"},
      {{.model = "m", .endpoint = "countTokens"}, "bad_endpoint", "generateContent or embedContent"},
      {{.model = "a/b"}, "bad_model", "must be a model's name"},
      {{.model = "models/"}, "bad_model", "must be a model's name"},
      {{.model = ".."}, "bad_model", "must be a model's name"},
      {{.model = std::string(129, 'm')}, "bad_model", "must be a model's name"},
  };
  for (const auto& c : cases) {
    const auto found = problem(c.submission);
    EXPECT_EQ(found.status, 400) << c.code;
    EXPECT_EQ(found.code, c.code) << c.submission.model;
    EXPECT_NE(found.detail.find(c.words), std::string::npos) << found.detail;
    EXPECT_FALSE(found.retryable);
  }
}

TEST_F(Lanes, RulesAreFoundBeforeTheLaneIsKnown) {
  EXPECT_TRUE(usual_rules(engine_).media.empty()) << "there is no account";
  add("other", fictitious::make_depot());
  const auto* other = find_rules(engine_, "other", "");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(&usual_rules(engine_), other) << "the only account there is";
  add("default", proto::make_gemini());
  EXPECT_EQ(&usual_rules(engine_), find_rules(engine_, "default", "generateContent"));
  EXPECT_EQ(find_rules(engine_, "nobody", ""), nullptr);
  EXPECT_EQ(find_rules(engine_, "default", "countTokens"), nullptr);
}

TEST_F(Lanes, OperatorsAndFiltersMayNameAModelAsCallersDo) {
  add("a", fictitious::make_depot());
  add("default", proto::make_gemini());
  EXPECT_EQ(lane_model(engine_, "", "models/gemini-2.5-pro"), "gemini-2.5-pro");
  EXPECT_EQ(lane_model(engine_, "default", "models/gemini-2.5-pro"), "gemini-2.5-pro");
  for (const char* text : {"", "gemini-2.5-pro", "models/", "a b"}) EXPECT_EQ(lane_model(engine_, "", text), text);
  EXPECT_EQ(lane_model(engine_, "nobody", "models/x"), "models/x");
}

}  // namespace
}  // namespace batchd::daemon
