// Carries out HTTP calls for dialogues: the seam between the providers, which do no I/O, and the network. https_client
// implements it; tests implement it with a script.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/error.h"
#include "core/http.h"
#include "core/provider.h"
#include "daemon/net/net.h"
#include "daemon/provider/redact.h"

namespace batchd::daemon {

// Where the bytes of a BatchSlice in a call's body come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Returns the next bytes of the slice, at most about 1 MiB, or no bytes at its end. An error, or an end at another
  // length than the slice's, ends the call before the last byte of the request is sent: as not_sent or not_whole.
  virtual Task<core::Result<std::string>> next() = 0;
};

// Opens slices; each call has at most one open at a time.
class SliceOpener {
 public:
  virtual ~SliceOpener() = default;
  virtual std::unique_ptr<ByteSource> open(const core::BatchSlice& slice) = 0;
};

// Receives the 2xx body of a call with Sink::lines. An error ends the call without an answer.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Task<core::Result<void>> write(std::string_view bytes) = 0;
};

class ProviderLink {
 public:
  virtual ~ProviderLink() = default;
  // Makes one call. Never throws; cancellation ends the call as not_sent, not_whole or no_answer, whichever is true.
  // `slices` may be null if the call has no BatchSlice, and `sink` if it has no Sink::lines. The sink receives the
  // bytes of complete and of cut answers alike; only the returned event tells which it was.
  virtual Task<core::HttpEvent> perform(const core::HttpCall& call, SliceOpener* slices, ByteSink* sink) = 0;
  // Returns the words without the link's own credential, and without what looks like another.
  virtual std::string redacted(std::string_view words) const = 0;
};

// Runs a dialogue to its end and returns its outcome, or the fault that ended it, without credentials in their words.
template <class Outcome>
Task<std::variant<Outcome, core::Fault>> converse(ProviderLink& link, core::Dialogue<Outcome>& dialogue,
                                                  SliceOpener* slices = nullptr, ByteSink* sink = nullptr) {
  core::HttpEvent event;
  for (;;) {
    auto next = dialogue.step(event);
    if (auto* outcome = std::get_if<Outcome>(&next)) {
      redact(link, *outcome);
      co_return std::move(*outcome);
    }
    if (auto* fault = std::get_if<core::Fault>(&next)) {
      redact(link, *fault);
      co_return std::move(*fault);
    }
    const auto call = std::get<core::HttpCall>(std::move(next));
    event = co_await link.perform(call, slices, sink);
  }
}

}  // namespace batchd::daemon
