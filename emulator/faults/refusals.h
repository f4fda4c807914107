// Refusals by content: a create whose input has a line with this text is refused (docs/emulator.md).
#pragma once

#include <cstdint>
#include <string>

#include "emulator/base/dom.h"

namespace batchd::emulator {

struct Refusal {
  std::string text;     // looked for in the line's JSON, its prompt, and the names of its members
  int status = 400;     // HTTP
  std::string grpc;     // status name, such as "PERMISSION_DENIED"; empty: the one that belongs to `status`
  std::string words;    // may contain {prompt}, {name} and {line}
  std::string details;  // JSON array; empty if there are none
  bool named = true;    // the words come as "Error on line N: ..."
};

// Reads an element of "refusals", the `number`th from 1. Throws std::runtime_error, which names it.
Refusal read_refusal(const Value& value, std::size_t number);

// Returns true if the refusal's text occurs in `line`, in its `prompt`, or in the name of one of its members at any
// depth; then `name` is the first such name, else the name of the first member whose text has it. `document` is the
// line, or null if that is no JSON.
bool concerns(const Refusal& refusal, std::string_view line, std::string_view prompt, const Value& document,
              std::string& name);

// Returns the refusal's words with the text of the line in them, exactly as it came.
std::string words_for(const Refusal& refusal, std::string_view prompt, std::string_view name, std::uint64_t line);

}  // namespace batchd::emulator
