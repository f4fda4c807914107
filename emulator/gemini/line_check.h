// Checks all lines of an input before they become a job: a create is refused as a whole for any of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/base/switches.h"
#include "emulator/dialect/lines.h"
#include "emulator/faults/faults.h"
#include "emulator/gemini/references.h"
#include "emulator/judge/roster.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

// What to check. The pointers may be null: then it isn't done.
struct InputCheck {
  Work work = Work::content;
  bool from_body = false;                  // the lines are requests of a create's body
  Texts sought = {};                       // texts to look for in prompts
  std::vector<Refusal> refusals = {};      // by content
  const References* references = nullptr;  // looks for what lines name
  Roster* roster = nullptr;                // gets every line that isn't refused
};

struct Checked {
  std::int64_t lines = 0;
  std::size_t characters = 0;  // of all prompts
  std::string any_key;
  std::optional<Response> refusal;  // the answer to the create, if a line isn't right
  Texts found;                      // the sought texts that occur
};

// The first line that isn't right decides the refusal's status. Its words name that line and later ones with the same
// status, as many as a switch says; or it is a refusal that names none.
Task<Checked> check_lines(const Blob& input, InputCheck what, const Switches& switches);

}  // namespace batchd::emulator
