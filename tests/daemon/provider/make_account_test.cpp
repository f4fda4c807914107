// Accounts of several kinds side by side: each has its own provider, address, headers and key, and nothing of another.
#include "daemon/provider/make_account.h"

#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

// A provider of which only the Caps matter here.
class PlainProvider final : public core::Provider {
 public:
  explicit PlainProvider(core::Caps caps) : caps_(std::move(caps)) {}
  const core::Caps& caps() const override { return caps_; }
  std::optional<std::string> model_name(std::string_view) const override { return {}; }
  const core::RequestRules& request_rules(std::string_view) const override { return rules_; }
  core::LineFrame line_frame(const core::Lane&, core::BatchId, core::RequestId) const override { return {}; }
  std::int64_t frame_bytes(const core::Lane&) const override { return 0; }
  std::unique_ptr<core::ResultLineReader> result_reader() const override { return {}; }
  core::DialoguePtr<core::UploadSession> start_upload(const core::UploadSpec&) const override { return {}; }
  core::DialoguePtr<core::Uploaded> upload(const core::UploadRest&) const override { return {}; }
  core::DialoguePtr<core::Uploaded> upload_text(const std::string&, const std::string&) const override { return {}; }
  core::DialoguePtr<core::Presence> check_file(const std::string&) const override { return {}; }
  core::DialoguePtr<core::Removal> remove_file(const std::string&) const override { return {}; }
  bool is_job_name(std::string_view) const override { return false; }
  core::DialoguePtr<core::JobView> create(const core::CreateSpec&) const override { return {}; }
  core::DialoguePtr<core::JobMatches> find(const core::JobSearch&) const override { return {}; }
  core::DialoguePtr<core::JobMatches> survey(const std::string&) const override { return {}; }
  core::DialoguePtr<core::JobView> poll(const std::string&) const override { return {}; }
  core::DialoguePtr<core::Streamed> results(const std::string&) const override { return {}; }
  core::DialoguePtr<core::Done> cancel(const std::string&) const override { return {}; }
  std::optional<std::int64_t> first_tokens(const core::Lane&) const override { return {}; }
  std::optional<std::string> reference(std::string_view) const override { return {}; }
  core::DialoguePtr<core::Presence> check_model(const core::Lane&) const override { return {}; }
  core::DialoguePtr<core::Presence> check_reference(const std::string&) const override { return {}; }
  core::DialoguePtr<core::Done> check_account() const override { return {}; }

 private:
  const core::Caps caps_;
  const core::RequestRules rules_;
};

// Answers each call on a connection of its own, and keeps the heads.
class HeadServer {
 public:
  explicit HeadServer(int calls)
      : server_(std::vector<ScriptedServer::Script>(static_cast<std::size_t>(calls), [this](RawSocket& connection) {
          auto head = connection.read_until("\r\n\r\n");
          {
            const std::lock_guard lock(mutex_);
            heads_.push_back(std::move(head));
          }
          connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        })) {}
  std::string url() const { return server_.url(); }
  std::string last_head() {
    const std::lock_guard lock(mutex_);
    return heads_.empty() ? "" : heads_.back();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> heads_;
  ScriptedServer server_;  // its thread ends before what it writes to
};

// Ends at once with what it was given.
template <class Outcome>
class Ending final : public core::Dialogue<Outcome> {
 public:
  using Next = typename core::Dialogue<Outcome>::Next;
  explicit Ending(Next end) : end_(std::move(end)) {}
  Next step(const core::HttpEvent&) override { return end_; }

 private:
  Next end_;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class MakeAccount : public testing::Test {
 protected:
  MakeAccount() {
    core::Caps plain, bearer;
    plain.base_url = server_.url() + "/plain/v1";
    plain.credential_header = {"X-Plain-Key", ""};
    plain.headers = {{"X-Plain-Version", "2026-01-01"}};
    plain.key_prefixes = {"plain_"};
    bearer.base_url = server_.url() + "/bearer";
    bearer.credential_header = {"Authorization", "Bearer "};
    bearer.headers = {{"X-Bearer-Beta", "batches"}, {"X-Bearer-Version", "7"}};
    kinds_.add({"plain", [plain] { return std::make_unique<PlainProvider>(plain); }});
    kinds_.add({"bearer", [bearer] { return std::make_unique<PlainProvider>(bearer); }});
    std::string pattern = testing::TempDir() + "batchd-accounts-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~MakeAccount() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Account> make(const std::string& name, const std::string& kind, const std::string& base_url = {}) {
    auto& settings = config_.accounts[name];
    settings.kind = kind;
    settings.base_url = base_url;
    return make_account(context_.get_executor(), name, settings, environment_, kinds_, {});
  }
  // Returns the head that the provider sees of a call of this account.
  std::string head_of(Account& account) {
    const core::HttpCall call{.method = "GET", .target = "/who", .headers = {}, .body = {}};
    core::HttpEvent event;
    asio::co_spawn(context_, account.link->perform(call, nullptr, nullptr),
                   [&](std::exception_ptr, core::HttpEvent got) { event = std::move(got); });
    context_.restart();
    context_.run();
    EXPECT_EQ(event.status, 200) << event.detail;
    return server_.last_head();
  }
  template <class Outcome>
  std::variant<Outcome, core::Fault> end_of(Account& account, std::variant<core::HttpCall, Outcome, core::Fault> end) {
    Ending<Outcome> dialogue(std::move(end));
    std::variant<Outcome, core::Fault> got;
    asio::co_spawn(context_, converse(*account.link, dialogue), [&](std::exception_ptr, auto came) { got = came; });
    context_.restart();
    context_.run();
    return got;
  }
  void put(const std::string& name, const std::string& key) { std::ofstream(folder_ + '/' + name) << key; }

  HeadServer server_{2};
  asio::io_context context_{1};
  config::Config config_;
  config::Environment environment_;
  ProviderKinds kinds_ = released_kinds();
  std::string folder_;
};

// A provider may quote a key in its words, and everything that is logged, shown or delivered comes from them.
TEST_F(MakeAccount, ItsWordsAreReadWithoutKeys) {
  environment_ = {{"BATCHD_PLAIN_API_KEY", "key-of-plain-1"}};
  const auto account = make("a", "plain");
  const std::string said = "Consumer 'api_key:plain_0123456789abcdef' or key-of-plain-1 is suspended";
  const std::string read = "Consumer 'api_key:(a key)' or (the key) is suspended";
  const core::RequestError error{.message = said, .body = "{\"message\":\"" + said + "\"}"};
  const auto expect_read = [&](const core::RequestError& got) {
    EXPECT_EQ(got.message, read);
    EXPECT_EQ(got.body, "{\"message\":\"" + read + "\"}");
  };
  const core::Fault fault{.kind = core::Fault::Kind::account, .message = said, .error = error, .lines = {{1, error}}};
  const auto faulty = std::get<core::Fault>(end_of<core::Done>(*account, fault));
  EXPECT_EQ(faulty.message, "Consumer '...' or (the key) is suspended") << "what is quoted may be a prompt";
  expect_read(*faulty.error);
  expect_read(faulty.lines.at(0).error);
  const core::JobView job{.name = "jobs/" + said, .error = error, .refused = {{7, error}}};
  const auto polled = std::get<core::JobView>(end_of<core::JobView>(*account, job));
  EXPECT_EQ(polled.name, job.name) << "is sent back as it came";
  expect_read(*polled.error);
  expect_read(polled.refused.at(0).error);
  const auto listed = std::get<core::JobMatches>(end_of<core::JobMatches>(*account, core::JobMatches{{job, job}}));
  expect_read(*listed.jobs.at(1).error);
  const auto seen = std::get<core::Presence>(end_of<core::Presence>(*account, core::Presence{.error = error}));
  expect_read(*seen.error);

  environment_ = {{"BATCHD_PLAIN_API_KEY", "key-of-plain-2"}};
  ASSERT_TRUE(account->reload(*account));
  const core::Fault later{.kind = core::Fault::Kind::unclear, .message = "key-of-plain-2"};
  EXPECT_EQ(std::get<core::Fault>(end_of<core::Done>(*account, later)).message, "(the key)");
}

TEST_F(MakeAccount, AKeyGoesOutInTheHeaderOfItsOwnKindAndNowhereElse) {
  environment_ = {{"BATCHD_PLAIN_API_KEY", "key-of-plain"}, {"BATCHD_BEARER_API_KEY", "key-of-bearer"}};
  const auto plain = make("a", "plain"), bearer = make("b", "bearer");
  const auto to_plain = head_of(*plain);
  EXPECT_TRUE(contains(to_plain, "\r\nX-Plain-Key: key-of-plain\r\n")) << to_plain;
  EXPECT_FALSE(contains(to_plain, "earer")) << to_plain;
  EXPECT_FALSE(contains(to_plain, "Authorization")) << to_plain;
  const auto to_bearer = head_of(*bearer);
  EXPECT_TRUE(contains(to_bearer, "\r\nAuthorization: Bearer key-of-bearer\r\n")) << to_bearer;
  EXPECT_FALSE(contains(to_bearer, "lain")) << to_bearer;
  EXPECT_NE(plain->credential, bearer->credential);
}

TEST_F(MakeAccount, EveryCallHasTheHeadersOfItsKind) {
  environment_ = {{"BATCHD_PLAIN_API_KEY", "k"}, {"BATCHD_BEARER_API_KEY", "k"}};
  const auto plain = make("a", "plain"), bearer = make("b", "bearer");
  EXPECT_TRUE(contains(head_of(*plain), "\r\nX-Plain-Version: 2026-01-01\r\n")) << server_.last_head();
  const auto to_bearer = head_of(*bearer);
  EXPECT_TRUE(contains(to_bearer, "\r\nX-Bearer-Beta: batches\r\n")) << to_bearer;
  EXPECT_TRUE(contains(to_bearer, "\r\nX-Bearer-Version: 7\r\n")) << to_bearer;
}

TEST_F(MakeAccount, TheProviderKnowsItsAddressUnlessTheConfigurationDoes) {
  environment_ = {{"BATCHD_PLAIN_API_KEY", "k"}};
  EXPECT_TRUE(head_of(*make("a", "plain")).starts_with("GET /plain/v1/who HTTP/1.1\r\n")) << server_.last_head();
  EXPECT_TRUE(head_of(*make("b", "plain", server_.url() + "/other/")).starts_with("GET /other/who HTTP/1.1\r\n"))
      << server_.last_head();
}

TEST_F(MakeAccount, AKeyOfAnotherKindOrAccountIsNeverRead) {
  put("plain_api_key", "key-of-plain");
  put("a.api_key", "key-of-a");
  environment_ = {{"BATCHD_PLAIN_API_KEY", "key-of-plain"},
                  {"BATCHD_ACCOUNTS__A__API_KEY", "key-of-a"},
                  {"CREDENTIALS_DIRECTORY", folder_}};
  const auto bearer = make("b", "bearer");
  EXPECT_EQ(bearer->credential, "");
  EXPECT_TRUE(bearer->without_key);
  EXPECT_TRUE(contains(bearer->trouble, "batchctl setup bearer")) << bearer->trouble;
  EXPECT_FALSE(contains(bearer->trouble, "key-of-")) << bearer->trouble;
}

TEST_F(MakeAccount, AKeyThatComesLaterIsTaken) {
  environment_ = {{"CREDENTIALS_DIRECTORY", folder_}};
  const auto account = make("b", "bearer");
  EXPECT_TRUE(account->without_key);
  put("bearer_api_key", "key-of-bearer\n");
  ASSERT_TRUE(account->reload(*account));
  EXPECT_FALSE(account->without_key);
  EXPECT_TRUE(contains(head_of(*account), "\r\nAuthorization: Bearer key-of-bearer\r\n")) << server_.last_head();
  put("b.api_key", "its-own");
  ASSERT_TRUE(account->reload(*account));
  EXPECT_TRUE(contains(head_of(*account), "\r\nAuthorization: Bearer its-own\r\n")) << server_.last_head();
}

TEST_F(MakeAccount, AnUnknownKindIsRefused) {
  EXPECT_THROW(make("a", "nobodys"), std::invalid_argument);
  config::Account unknown;
  unknown.kind = "Plain";
  EXPECT_THROW(make_provider(kinds_, unknown), std::invalid_argument);
}

TEST(ProviderKinds, AreFoundByName) {
  auto kinds = released_kinds();
  EXPECT_EQ(kinds.names(), std::vector<std::string>{"gemini"});
  EXPECT_EQ(kinds.find("plain"), nullptr);
  kinds.add({"plain", [] { return std::make_unique<PlainProvider>(core::Caps()); }});
  EXPECT_EQ(kinds.names(), (std::vector<std::string>{"gemini", "plain"}));
  ASSERT_NE(kinds.find("plain"), nullptr);
  EXPECT_EQ(kinds.find("plain")->name, "plain");
}

// A daemon with only the defaults of the configuration must find a provider, its address and its header.
TEST(ProviderKinds, EachReleasedOneCanBeCalled) {
  asio::io_context context;
  for (const auto& name : released_kinds().names()) {
    config::Account settings;
    settings.kind = name;
    const auto provider = make_provider(released_kinds(), settings);
    ASSERT_NE(provider, nullptr) << name;
    EXPECT_TRUE(base_url_of(settings, *provider).starts_with("https://")) << name;
    EXPECT_NE(provider->caps().credential_header.name, "") << name;
    EXPECT_FALSE(provider->caps().endpoints.empty()) << name;
    EXPECT_NE(make_link(context.get_executor(), settings, *provider), nullptr) << name;
  }
  EXPECT_NE(released_kinds().find(config::Account().kind), nullptr) << "the default of accounts.NAME.kind";
}

// What the configuration takes, the client can call, at the same path.
TEST(BaseUrl, TheConfigurationAndTheClientAgree) {
  const struct {
    std::string url, prefix;
  } cases[] = {{"https://x", ""},
               {"https://x/", ""},
               {"https://x.example:8443/v1", "/v1"},
               {"https://x/openai/v1/", "/openai/v1"},
               {"https://[::1]:80/a", "/a"},
               {"https://x/A-z_0.9~/..a/...", "/A-z_0.9~/..a/..."},
               {"https://a-b.c_d/", ""},
               {"http://localhost", ""},
               {"http://127.0.0.1:1/p", "/p"},
               {"http://[::1]:65535/", ""}};
  for (const auto& [url, prefix] : cases) {
    EXPECT_NO_THROW(config::parse("[accounts.a]\nbase_url = \"" + url + '"', "test", {}, config::kAnyKind)) << url;
    EXPECT_NO_THROW(EXPECT_EQ(parse_base_url(url).prefix, prefix)) << url;
  }
}

}  // namespace
}  // namespace batchd::daemon::test
