#include "ctl/session.h"

#include <algorithm>
#include <thread>

#include "ctl/objects.h"

namespace batchd::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5000};

bool is_worth_another_try(const Reply& reply, bool ever_answered) {
  if (const auto* answer = std::get_if<Answer>(&reply)) return answer->status == 503 || answer->status == 429;
  switch (std::get<Trouble>(reply).kind) {
    case Trouble::Kind::not_running:
      return ever_answered;
    case Trouble::Kind::no_permission:
      return false;
    case Trouble::Kind::not_answering:
    case Trouble::Kind::broken:
      return true;
  }
  return false;
}

std::string reason_of(const Reply& reply) {
  if (const auto* answer = std::get_if<Answer>(&reply))
    return answer->status == 429 ? "batchd's queue is full" : "batchd is not ready";
  return std::get<Trouble>(reply).detail;
}

}  // namespace

Reply call_patiently(Session& session, const Call& call) {
  const auto give_up_at = std::chrono::steady_clock::now() + session.retry_for;
  milliseconds pause = kFirstPause;
  for (bool told = false;; told = true) {
    auto reply = session.client.call(call);
    if (!call.repeatable || !is_worth_another_try(reply, session.client.ever_answered())) return reply;
    const auto* answer = std::get_if<Answer>(&reply);
    const auto next = std::max<milliseconds>(pause, Seconds(answer ? answer->retry_after_seconds : 0));
    if (std::chrono::steady_clock::now() + next > give_up_at) return reply;
    if (!told)
      session.console.talk(reason_of(reply) + "; trying again for up to " + std::to_string(session.retry_for.count()) +
                           " s");
    std::this_thread::sleep_for(next);
    pause = std::min(pause * 2, kLongestPause);
  }
}

int report(Session& session, const Trouble& trouble) {
  session.console.talk(explain(trouble, session.client.socket_path()));
  return exit_code_of(trouble);
}

int report(Session& session, const Answer& answer) {
  if (session.json) session.console.data(answer.body);
  session.console.talk("HTTP " + std::to_string(answer.status) + ' ' + error_words(answer.body));
  return exit_code_of_status(answer.status);
}

std::variant<Answer, int> ask(Session& session, const Call& call) {
  auto reply = call_patiently(session, call);
  if (const auto* trouble = std::get_if<Trouble>(&reply)) return report(session, *trouble);
  auto& answer = std::get<Answer>(reply);
  if (answer.status / 100 != 2) return report(session, answer);
  return std::move(answer);
}

}  // namespace batchd::ctl
