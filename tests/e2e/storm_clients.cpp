#include "tests/e2e/storm_clients.h"

#include <filesystem>
#include <fstream>

namespace batchd::e2e {
namespace {

constexpr auto kEndOfPatience = std::chrono::seconds(240);

// Calls until there is an answer that isn't trouble of the daemon's. Empty: never within the patience.
class PatientCaller {
 public:
  explicit PatientCaller(const std::string& socket) : http_(socket) {}

  std::optional<HttpReply> call(std::string_view method, const std::string& target, const std::string& body,
                                const Headers& headers) {
    std::optional<HttpReply> reply;
    const auto answered = [&] {
      reply = http_.call(method, target, body, headers);
      return reply && reply->status < 500 && reply->status != 429;
    };
    if (!eventually(answered, kEndOfPatience)) return std::nullopt;
    return reply;
  }

 private:
  LocalHttp http_;
};

int complain(const std::string& prompt, const std::optional<HttpReply>& reply) {
  const auto said = reply ? std::to_string(reply->status) + " " + reply->body.substr(0, 500) : std::string("no answer");
  std::fprintf(stderr, "%s: %s\n", prompt.c_str(), said.c_str());
  return 1;
}

}  // namespace

Crowd::Crowd(const TempFolder& folder, std::string socket, int requests)
    : folder_(folder), socket_(std::move(socket)), share_(requests / (kUsers * kClientsPerUser)) {
  const auto ids = folder_.path() / "ids";
  std::filesystem::create_directory(ids);
  std::filesystem::permissions(ids, std::filesystem::perms::all);
}

std::string Crowd::prompt(int user, int client, int number) const {
  return "question " + std::to_string(number) + " of client " + std::to_string(client) + " of user " +
         std::to_string(kFirstUid + static_cast<unsigned>(user));
}

std::string Crowd::file_of(int user, int client) const {
  return folder_.file("ids/" + std::to_string(user) + "-" + std::to_string(client));
}

void Crowd::for_each_prompt(const std::function<void(const std::string&)>& visit) const {
  for (int user = 0; user < kUsers; ++user)
    for (int client = 0; client < kClientsPerUser; ++client)
      for (int number = 0; number < share_; ++number) visit(prompt(user, client, number));
}

void Crowd::start() {
  for (int user = 0; user < kUsers; ++user)
    for (int client = 0; client < kClientsPerUser; ++client)
      clients_.push_back(
          Process::fork_as(kFirstUid + static_cast<unsigned>(user), [=, this] { return live(user, client); }));
}

int Crowd::live(int user, int client) const {
  PatientCaller caller(socket_);
  std::vector<std::string> ids;
  for (int number = 0; number < share_; ++number) {
    const auto text = prompt(user, client, number);
    // Different users choose the same keys: an idempotency key belongs to its owner.
    auto key = "client-" + std::to_string(client) + "-" + std::to_string(number);
    if (!is_root_) key += "-" + std::to_string(user);
    const auto reply = caller.call("POST", "/v1/requests", submission(text), {{"Idempotency-Key", key}});
    if (!reply || (reply->status != 202 && reply->status != 200)) return complain(text, reply);
    ids.push_back(Json(reply->body).text("/id"));
  }
  std::ofstream out(file_of(user, client));
  for (const auto& id : ids) out << id << '\n';
  out.close();

  for (int number = 0; number < share_; ++number) {
    const auto text = prompt(user, client, number);
    const auto target = "/v1/requests/" + ids[static_cast<std::size_t>(number)] + "?wait=30";
    auto reply = caller.call("GET", target, "", {});
    for (int looks = 0; looks < 8 && reply && Json(reply->body).text("/finished_at").empty(); ++looks)
      reply = caller.call("GET", target, "", {});
    if (!reply || reply->status != 200 || answer_text(Json(reply->body)) != "echo: " + text)
      return complain(text, reply);
  }
  return 0;
}

void Crowd::expect_everybody_is_content() {
  for (std::size_t i = 0; i < clients_.size(); ++i)
    EXPECT_EQ(clients_[i].wait(kEndOfPatience), 0) << "client " << i << " isn't content; its words are above";
}

void Crowd::expect_nobody_sees_the_others() const {
  if (!is_root()) {
    std::fprintf(stderr, "SKIPPED: isolation of users needs root, to become other users\n");
    return;
  }
  for (int user = 0; user < kUsers; ++user) {
    auto stranger = Process::fork_as(kFirstUid + static_cast<unsigned>((user + 1) % kUsers), [=, this] {
      PatientCaller caller(socket_);
      for (int client = 0; client < kClientsPerUser; ++client) {
        std::ifstream in(file_of(user, client));
        int seen = 0;
        for (std::string id; std::getline(in, id); ++seen) {
          const auto reply = caller.call("GET", "/v1/requests/" + id, "", {});
          if (!reply || reply->status != 404) return complain("another user's " + id, reply);
        }
        if (seen != share_) return 2;
      }
      return 0;
    });
    EXPECT_EQ(stranger.wait(kEndOfPatience), 0) << "user " << user << " can be seen by the next one";
  }
}

}  // namespace batchd::e2e
