// Finds out what a 403 for something that has a name means (is_forbidden): a complete listing that the same key gets,
// and in which the thing isn't, proves that there is no such thing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/check.h"
#include "core/provider.h"
#include "proto/dialogue.h"
#include "proto/gemini/classify.h"
#include "proto/gemini/pages.h"

namespace batchd::proto {

class Absence {
 public:
  // `thing` is a name: "files/...", "batches/...", "cachedContents/...", "models/...".
  Absence(const std::string& version, std::string thing);

  struct Proved {};
  using Next = std::variant<core::HttpCall, Proved, core::Fault>;
  // Takes the event of the call before, and `begin` at first. Ends with a fault if the listing has the thing, or isn't
  // complete.
  Next step(const core::HttpEvent& event);

 private:
  const std::string thing_;
  Pages pages_;
};

// A call about something that has a name, and the listing that follows a 403.
template <class Outcome>
class CallAboutThing : public core::Dialogue<Outcome> {
 public:
  using Next = typename core::Dialogue<Outcome>::Next;
  using Read = std::function<Next(const core::HttpEvent&)>;

  // `read` reads any other answer to the call than a 403; `read_absent` is given the 403 if there is no such thing.
  CallAboutThing(Absence absence, core::HttpCall call, Read read, Read read_absent)
      : absence_(std::move(absence)),
        call_(std::move(call)),
        read_(std::move(read)),
        read_absent_(std::move(read_absent)) {}

  Next step(const core::HttpEvent& event) override {
    if (event.kind == core::HttpEvent::Kind::begin) return call_;
    if (refusal_) return after_page(event);
    if (!is_forbidden(event)) return read_(event);
    refusal_ = event;
    return after_page({});
  }

 private:
  Next after_page(const core::HttpEvent& event) {
    auto next = absence_.step(event);
    if (auto* call = std::get_if<core::HttpCall>(&next)) return std::move(*call);
    if (auto* fault = std::get_if<core::Fault>(&next)) return std::move(*fault);
    return read_absent_(*refusal_);
  }

  Absence absence_;
  const core::HttpCall call_;
  const Read read_, read_absent_;
  std::optional<core::HttpEvent> refusal_;  // the 403
};

}  // namespace batchd::proto
