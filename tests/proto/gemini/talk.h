// Scripted replies for dialogues.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/provider.h"
#include "proto/gemini/gemini.h"

namespace batchd::proto {

inline core::HttpEvent answer(int status, std::string body = {}, std::vector<core::HttpHeader> headers = {}) {
  core::HttpEvent event;
  event.kind = core::HttpEvent::Kind::answer;
  event.status = status;
  event.body = std::move(body);
  event.headers = std::move(headers);
  return event;
}
inline core::HttpEvent no_answer() {
  core::HttpEvent event;
  event.kind = core::HttpEvent::Kind::no_answer;
  event.detail = "reset";
  return event;
}
inline core::HttpEvent not_sent() {
  core::HttpEvent event;
  event.kind = core::HttpEvent::Kind::not_sent;
  event.detail = "connection refused";
  return event;
}

inline core::HttpEvent not_whole() {
  core::HttpEvent event;
  event.kind = core::HttpEvent::Kind::not_whole;
  event.detail = "reset while sending";
  return event;
}
// The same answer, come before the last byte of the request was written.
inline core::HttpEvent early(core::HttpEvent event) {
  event.early = true;
  return event;
}

// The call's body, which must be one text.
inline std::string text_of(const core::HttpCall& call) {
  EXPECT_EQ(call.body.size(), 1U);
  return call.body.empty() ? "" : std::get<std::string>(call.body[0]);
}

inline std::string error_body(int code, const std::string& status, const std::string& message,
                              const std::string& details = "") {
  return R"({"error":{"code":)" + std::to_string(code) + R"(,"message":")" + message + R"(","status":")" + status +
         '"' + (details.empty() ? "" : ",\"details\":" + details) + "}}";
}

// Steps through the replies; what is asked before each of them is kept in `calls`.
template <class Outcome>
struct Talk {
  explicit Talk(core::DialoguePtr<Outcome> with) : dialogue(std::move(with)), next(dialogue->step({})) { note(); }

  Talk& hears(const core::HttpEvent& event) {
    EXPECT_TRUE(asks()) << "the dialogue is over already";
    next = dialogue->step(event);
    note();
    return *this;
  }
  void note() {
    if (asks()) calls.push_back(std::get<core::HttpCall>(next));
  }
  bool asks() const { return std::holds_alternative<core::HttpCall>(next); }
  const core::HttpCall& call() const { return calls.back(); }
  const Outcome* outcome() const { return std::get_if<Outcome>(&next); }
  std::string fault() const {
    const auto* found = std::get_if<core::Fault>(&next);
    return found == nullptr ? "no fault" : std::string(core::to_text(found->kind));
  }
  std::string header(std::string_view name) const {
    for (const auto& header : call().headers)
      if (header.name == name) return header.value;
    return "";
  }

  core::DialoguePtr<Outcome> dialogue;
  typename core::Dialogue<Outcome>::Next next;
  std::vector<core::HttpCall> calls;
};

}  // namespace batchd::proto
