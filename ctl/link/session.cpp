#include "ctl/link/session.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <thread>

#include "core/check.h"
#include "ctl/answers/objects.h"
#include "proto/json/digest.h"
#include "proto/json/one_line.h"

namespace batchd::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5000};
constexpr Seconds kLongPoll{25};

bool is_worth_another_try(const Reply& reply, bool ever_connected) {
  if (const auto* answer = std::get_if<Answer>(&reply))
    return answer->status == 503 || answer->status == 429 || answer->status == 507;
  switch (std::get<Trouble>(reply).kind) {
    case Trouble::Kind::not_running:
      return ever_connected;
    case Trouble::Kind::no_permission:
      return false;
    case Trouble::Kind::not_answering:
    case Trouble::Kind::broken:
      return true;
  }
  return false;
}

// Whether the call may have been carried out, though its answer isn't here.
bool is_answer_lost(const Reply& reply) {
  const auto* trouble = std::get_if<Trouble>(&reply);
  return trouble != nullptr &&
         (trouble->kind == Trouble::Kind::not_answering || trouble->kind == Trouble::Kind::broken);
}

std::string reason_of(const Reply& reply) {
  const auto* answer = std::get_if<Answer>(&reply);
  if (answer == nullptr) return std::get<Trouble>(reply).detail;
  if (answer->status == 429) return "batchd's queue is full";
  return answer->status == 507 ? "batchd's disk is full" : "batchd is not ready";
}

}  // namespace

void Session::print_json(std::string_view value) {
  while (value.ends_with('\n')) value.remove_suffix(1);
  console.data(json::one_line(value));
}

WaitLimit limit_of(const Wait& wait) {
  if (!wait.limit) return std::nullopt;
  return std::chrono::steady_clock::now() + *wait.limit;
}

Seconds next_poll(WaitLimit deadline) {
  if (!deadline) return kLongPoll;
  const auto left = std::chrono::ceil<Seconds>(*deadline - std::chrono::steady_clock::now());
  return std::clamp(left, Seconds(0), kLongPoll);
}

Patience Patience::endless(Session& session) {
  Patience patience(session);
  patience.limit_.reset();
  return patience;
}

void Patience::refresh() {
  since_ = std::chrono::steady_clock::now();
  pause_ = kFirstPause;
  told_ = false;
}

bool Patience::once_more(const Reply& reply) {
  if (!is_worth_another_try(reply, session_.client.ever_connected())) return false;
  const auto* answer = std::get_if<Answer>(&reply);
  const auto next = std::max<milliseconds>(pause_, Seconds(answer != nullptr ? answer->retry_after_seconds : 0));
  if (limit_ && std::chrono::steady_clock::now() + next > since_ + *limit_) return false;
  if (!told_)
    session_.console.talk(reason_of(reply) + "; trying again" +
                          (limit_ ? " for up to " + std::to_string(limit_->count()) + " s" : ""));
  told_ = true;
  std::this_thread::sleep_for(next);
  pause_ = std::min(pause_ * 2, kLongestPause);
  return true;
}

Reply call_patiently(Session& session, const Call& call) {
  Patience patience(session);
  for (bool lost = false;;) {
    auto reply = session.client.call(call);
    auto* answer = std::get_if<Answer>(&reply);
    if (answer != nullptr) answer->repeated = answer->repeated || lost;
    if (!call.repeatable || (answer != nullptr && answer->status / 100 == 2) || !patience.once_more(reply))
      return reply;
    lost = lost || is_answer_lost(reply);
  }
}

int report(Session& session, const Trouble& trouble) {
  session.console.talk(explain(trouble, session.client.address()));
  return exit_code_of(trouble);
}

int report(Session& session, const Answer& answer) {
  if (session.json) session.print_json(answer.body);
  session.console.talk("HTTP " + std::to_string(answer.status) + ' ' + error_words(answer.body));
  if (answer.status == 401) session.console.talk("hint: name a token with --token-file FILE or $BATCHD_TOKEN");
  return exit_code_of_status(answer.status);
}

int report(Session& session, const Reply& reply) {
  return std::visit([&](const auto& either) { return report(session, either); }, reply);
}

std::variant<Answer, int> ask(Session& session, const Call& call) {
  auto reply = call_patiently(session, call);
  auto* answer = std::get_if<Answer>(&reply);
  if (answer == nullptr || answer->status / 100 != 2) return report(session, reply);
  return std::move(*answer);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain.find(c) != std::string_view::npos)
      out += c;
    else
      (out += '%') += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

std::string target_of(std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string target(path);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    target += separator;
    target.append(name) += '=';
    target += percent_encoded(value);
    separator = '&';
  }
  return target;
}

std::string random_key() {
  std::array<char, 16> bytes;
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return json::hex({bytes.data(), bytes.size()});
}

}  // namespace batchd::ctl
