// Carrying out HTTP calls for dialogues: the seam between the pure provider and the network. https_client implements
// it; tests implement it with a script.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/error.h"
#include "core/http.h"
#include "core/provider.h"
#include "daemon/net/net.h"

namespace batchd::daemon {

// Where a call's BatchSlice body comes from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next bytes of the slice, at most about 1 MiB; empty at its end. An error ends the call as no_answer.
  virtual Task<core::Result<std::string>> next() = 0;
};

// Opens slices; one open at a time per call.
class SliceOpener {
 public:
  virtual ~SliceOpener() = default;
  virtual std::unique_ptr<ByteSource> open(const core::BatchSlice& slice) = 0;
};

// Where the 2xx body of a call with Sink::lines goes. An error ends the call as no_answer.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Task<core::Result<void>> write(std::string_view bytes) = 0;
};

class ProviderLink {
 public:
  virtual ~ProviderLink() = default;
  // Never throws; cancellation ends it as not_sent or no_answer, whichever is true. `slices` may be null if the call
  // has no BatchSlice, `sink` if it has no Sink::lines. The sink sees bytes of complete and of cut answers alike: judge
  // by the event.
  virtual Task<core::HttpEvent> perform(const core::HttpCall& call, SliceOpener* slices, ByteSink* sink) = 0;
};

// Runs a dialogue to its end.
template <class Outcome>
Task<std::variant<Outcome, core::Fault>> converse(ProviderLink& link, core::Dialogue<Outcome>& dialogue,
                                                  SliceOpener* slices = nullptr, ByteSink* sink = nullptr) {
  core::HttpEvent event;
  for (;;) {
    auto next = dialogue.step(event);
    if (auto* outcome = std::get_if<Outcome>(&next)) co_return std::move(*outcome);
    if (auto* fault = std::get_if<core::Fault>(&next)) co_return std::move(*fault);
    const auto call = std::get<core::HttpCall>(std::move(next));
    event = co_await link.perform(call, slices, sink);
  }
}

}  // namespace batchd::daemon
