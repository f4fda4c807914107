// Building blocks of providers' dialogues.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/provider.h"

namespace batchd::proto {

inline bool is_success(const core::HttpEvent& event) {
  return event.kind == core::HttpEvent::Kind::answer && event.status >= 200 && event.status < 300;
}

// Returns a call with this body, as JSON; without a body if it is empty.
core::HttpCall json_call(std::string method, std::string target, std::string body = {});

// A dialogue of one call and one answer.
template <class Outcome>
class SingleCall : public core::Dialogue<Outcome> {
 public:
  using Next = typename core::Dialogue<Outcome>::Next;
  using Read = std::function<Next(const core::HttpEvent&)>;

  SingleCall(core::HttpCall call, Read read) : call_(std::move(call)), read_(std::move(read)) {}

  Next step(const core::HttpEvent& event) override {
    const bool begin = event.kind == core::HttpEvent::Kind::begin;
    CHECK(begin != asked_);
    asked_ = true;
    return begin ? Next(std::move(call_)) : read_(event);
  }

 private:
  core::HttpCall call_;
  Read read_;
  bool asked_ = false;
};

// A dialogue without any call: ends at once with a fault, since the call can't be made.
template <class Outcome>
class RefusingDialogue : public core::Dialogue<Outcome> {
 public:
  explicit RefusingDialogue(std::string message, core::Fault::Kind kind = core::Fault::Kind::refused)
      : message_(std::move(message)), kind_(kind) {}
  typename core::Dialogue<Outcome>::Next step(const core::HttpEvent&) override {
    return core::Fault{.kind = kind_, .status = 0, .message = message_};
  }

 private:
  std::string message_;
  core::Fault::Kind kind_;
};

}  // namespace batchd::proto
