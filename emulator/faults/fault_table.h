// The table of all faults: name, what a fault may watch, and which details it takes. A new fault needs a row here, the
// code that carries it out, a line in docs/emulator.md and a test.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/faults/faults.h"

namespace batchd::emulator {

enum class Kind { call, connection, line, job };
Kind kind_of(On on);

struct FaultKind {
  Do action;
  std::string_view name;
  Kind kind;
  std::string_view only;      // blank-separated names of what it may watch; all of its kind if empty
  std::string_view members;   // a JSON object: its details with their defaults; null means no default
  std::string_view required;  // blank-separated members without default; `members` has an example
};

std::span<const FaultKind> fault_kinds();
const FaultKind& fault_kind(Do action);
std::span<const On> all_on();

// True if a rule that watches `on` may use this fault. `any` takes no faults that only some calls can have.
bool applies(const FaultKind& fault, On on);

// Returns a line for each pair: on, TAB, do, TAB, a rule (JSON) with all its details. For tests that must cover all.
std::string fault_list();

}  // namespace batchd::emulator
