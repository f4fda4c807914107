// Every fault there is: what it is called, what it may watch, and which details it takes. A new fault is one row here,
// the code that does it, a line in docs/emulator.md and a test.
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
  std::string_view only;      // blank-separated names of what it may watch; empty: all of its kind
  std::string_view members;   // a JSON object: the details it takes, with their defaults; null: none
  std::string_view required;  // blank-separated members that have no default: the one above is an example
};

std::span<const FaultKind> fault_kinds();
const FaultKind& fault_kind(Do action);
std::span<const On> all_on();

// May a rule that watches `on` do this? `any` can't be told what only some calls have.
bool applies(const FaultKind& fault, On on);

// One line for each pair: on, TAB, do, TAB, a rule (JSON) with everything it takes. For tests that must miss none.
std::string fault_list();

}  // namespace batchd::emulator
