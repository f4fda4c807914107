// Carries out a call that meets a fault: whether and when it has its effect, and what happens to its answer.
#pragma once

#include <functional>

#include "emulator/faults/faults.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

// What the call would do without a fault. It may run after the call has ended, or twice, so it must own what it needs.
using Effect = std::function<Task<Response>(BodySource& body)>;

// `forget` removes the file or upload that the call names, given the call's body.
struct FaultyCall {
  const Rule& fault;
  const Request& request;
  BodySource& body;
  Effect effect;
  std::function<void(std::string_view body)> forget;
};

Task<HandledCall> run_faulty(FaultyCall call);

// Reads the whole body; returns nullopt if it has more than `bytes_max`.
Task<std::optional<std::string>> read_all(BodySource& body, std::size_t bytes_max);

// A body that was read ahead.
class ReadBody : public BodySource {
 public:
  explicit ReadBody(std::string text) : text_(std::move(text)) {}
  Task<std::size_t> read(std::span<char> out) override {
    const auto got = text_.copy(out.data(), out.size(), at_);
    at_ += got;
    co_return got;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace batchd::emulator
