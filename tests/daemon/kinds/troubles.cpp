#include "tests/daemon/kinds/troubles.h"

#include <functional>
#include <string_view>
#include <utility>

#include "tests/fictitious/fake_provider.h"

namespace batchd::daemon::testing {

using core::HttpCall;
using core::HttpEvent;
using fictitious::reply;
using fictitious::unanswered;

namespace {

// What a fault knows: the call, and which other host to name.
struct Scene {
  const HttpCall& call;
  const Upstream::Properly& properly;
  const std::string& origin;  // of the other host
  const std::string& host;    // the same, without the scheme
};
using Strike = std::function<HttpEvent(const Scene&)>;

std::string value_of(const HttpCall& call, std::string_view name) {
  for (const auto& header : call.headers)
    if (same_header(header.name, name)) return header.value;
  return "";
}

// An error in the form of each provider. Its words don't name a file or a job: they would mean that it is gone.
std::string error_of_all(int status, const Scene& scene) {
  static const std::map<int, std::vector<std::string>> words{
      {401, {"UNAUTHENTICATED", "wrong_key", "who_are_you"}},  {403, {"PERMISSION_DENIED", "wrong_key", "forbidden"}},
      {429, {"RESOURCE_EXHAUSTED", "slow_down", "slow_down"}}, {500, {"INTERNAL", "our_fault", "courier_fell"}},
      {503, {"UNAVAILABLE", "overloaded", "overloaded"}},
  };
  const auto& word = words.at(status);
  const auto text = "\"ask " + scene.origin + "/ instead\"";
  return "{\"error\":{\"code\":" + std::to_string(status) + ",\"status\":\"" + word[0] + "\",\"message\":" + text +
         ",\"kind\":\"" + word[2] + "\",\"text\":" + text + "},\"fault\":{\"code\":\"" + word[1] +
         "\",\"text\":" + text + "}}";
}

std::string replaced_all(std::string text, const std::vector<std::string>& words, const std::string& before) {
  for (const auto& word : words)
    for (auto at = text.find('"' + word); at != std::string::npos; at = text.find('"' + word, at))
      text.insert(at + 1, before);
  return text;
}

Strike redirects(int status, std::function<std::string(const Scene&)> where) {
  return [=](const Scene& scene) { return reply(status, "", {{"Location", where(scene)}}); };
}
Strike refuses(int status) {
  return [=](const Scene& scene) {
    return reply(status, error_of_all(status, scene), {{"Location", scene.origin + scene.call.target}});
  };
}
// Does what was asked, and changes the answer.
Strike does(std::function<void(HttpEvent&, const Scene&)> change) {
  return [=](const Scene& scene) {
    auto event = scene.properly();
    change(event, scene);
    return event;
  };
}

std::string absolute(const Scene& scene) { return scene.origin + scene.call.target; }
std::string without_scheme(const Scene& scene) { return "//" + scene.host + scene.call.target; }
std::string own_host_as_user(const Scene& scene) {
  return "http://" + value_of(scene.call, "Host") + "@" + scene.host + scene.call.target;
}

// Those that do what was asked come last: of a create, a cancel or a deletion there is one for each batch only.
std::vector<Strike> all_strikes() {
  std::vector<Strike> strikes;
  for (const int status : {301, 302, 307, 308})
    for (const auto where : {absolute, without_scheme, own_host_as_user}) strikes.push_back(redirects(status, where));
  for (const int status : {401, 403, 429, 500, 503}) strikes.push_back(refuses(status));
  strikes.push_back([](const Scene&) { return unanswered(HttpEvent::Kind::no_answer); });
  strikes.push_back([](const Scene& scene) { return reply(200, error_of_all(500, scene)); });
  strikes.push_back(does([](HttpEvent& event, const Scene&) { event = unanswered(HttpEvent::Kind::no_answer); }));
  strikes.push_back(does([](HttpEvent& event, const Scene&) {
    event.kind = HttpEvent::Kind::no_answer;
    event.body.resize(event.body.size() / 2);
  }));
  // Things, and what a job's results are called, are addresses at another host.
  strikes.push_back(does([](HttpEvent& event, const Scene& scene) {
    event.body = replaced_all(event.body, {"batches/", "files/", "run_", "crate-", "p-"}, scene.origin + '/');
  }));
  strikes.push_back(does([](HttpEvent& event, const Scene& scene) {
    event.body = replaced_all(event.body, {"files/batch-", "crate-good-"}, scene.origin + "/v1beta/");
  }));
  strikes.push_back(does([](HttpEvent& event, const Scene&) { event.detail = "closed without a word"; }));
  return strikes;
}

std::string what_is(const HttpCall& call) {
  const auto command = value_of(call, "X-Goog-Upload-Command");
  if (!command.empty()) return command == "start" || command == "query" ? command : "upload";
  static const struct {
    std::string_view method, begins, ends;
    const char* what;
  } table[] = {
      {"POST", "/v1beta/models/", ":batchGenerateContent", "create"},
      {"POST", "/v1beta/batches/", ":cancel", "cancel"},
      {"GET", "/v1beta/batches/", "", "poll"},
      {"GET", "/v1beta/batches", "", "list"},
      {"GET", "/v1beta/files/", ":download?alt=media", "results"},
      {"GET", "/download/v1beta/files/", "", "results"},
      {"GET", "/v1beta/files/", "", "check"},
      {"DELETE", "/v1beta/files/", "", "remove"},
      {"POST", "/d/crates", "", "upload"},
      {"GET", "/d/crates/", "/content", "results"},
      {"GET", "/d/crates/", "", "check"},
      {"DELETE", "/d/crates/", "", "remove"},
      {"POST", "/d/runs/", "/stop", "cancel"},
      {"POST", "/d/runs", "", "create"},
      {"GET", "/d/runs/", "", "poll"},
      {"GET", "/d/runs", "", "list"},
      {"POST", "/c/parcels/", "/recall", "cancel"},
      {"POST", "/c/parcels", "", "create"},
      {"GET", "/c/parcels/", "/outcomes", "results"},
      {"GET", "/c/parcels/", "", "poll"},
      {"GET", "/c/parcels", "", "list"},
  };
  for (const auto& row : table)
    if (call.method == row.method && call.target.starts_with(row.begins) && call.target.ends_with(row.ends))
      return row.what;
  return "unknown: " + call.method + ' ' + call.target;
}

bool shows_results(const std::string& body) {
  for (const auto* mark : {"\"responsesFile\"", "\"good\"", "\"stage\":\"over\""})
    if (body.find(mark) != std::string::npos) return true;
  return false;
}

const std::vector<Strike>& strikes_in_order() {
  static const auto strikes = all_strikes();
  return strikes;
}

}  // namespace

HttpEvent Troubles::answer(const HttpCall& call, const Upstream::Properly& properly,
                           const std::vector<std::string>& elsewhere) {
  const auto& origin = elsewhere[calls_++ % elsewhere.size()];
  const auto host = origin.substr(origin.find("//") + 2);
  // The session of every upload is at another host.
  const Upstream::Properly answer = [&] {
    auto event = properly();
    for (auto& header : event.headers)
      if (header.name == "X-Goog-Upload-URL")
        header.value = origin + header.value.substr(header.value.find('/', header.value.find("//") + 2));
    return event;
  };
  auto what = what_is(call);
  if (what == "poll" && shows_results(properly().body)) what = "last poll";
  auto& met = met_[what];
  const auto& strikes = strikes_in_order();
  return met < strikes.size() ? strikes[met++]({call, answer, origin, host}) : answer();
}

bool Troubles::met_all(const std::string& what) const {
  const auto found = met_.find(what);
  return found != met_.end() && found->second == strikes_in_order().size();
}

std::string Troubles::met() const {
  std::string text;
  for (const auto& [what, met] : met_)
    text += what + " " + std::to_string(met) + "/" + std::to_string(strikes_in_order().size()) + ", ";
  return text;
}

std::vector<std::string> kinds_of_calls(const std::string& kind) {
  std::vector<std::string> kinds{"create", "list", "poll", "last poll", "results", "cancel"};
  if (kind != "courier") kinds.insert(kinds.end(), {"upload", "check", "remove"});
  if (kind == "gemini") kinds.insert(kinds.end(), {"start", "query"});
  return kinds;
}

}  // namespace batchd::daemon::testing
