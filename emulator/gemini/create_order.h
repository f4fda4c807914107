// Reads what a create asks for, and checks whether its lines may become a job.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/base/switches.h"
#include "emulator/dialect/lines.h"
#include "emulator/faults/faults.h"
#include "emulator/gemini/router.h"
#include "emulator/judge/roster.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

struct Order {
  std::string display_name;
  std::string file_id;
  std::string priority;
  std::shared_ptr<const Blob> inlined;  // requests in the body, one line each; then file_id is empty
};

// Returns the work that a method's batches do.
Work work_asked(const Route& route);
// Reads the body of a create into `order`; returns an error answer if the body is wrong.
std::optional<Response> read_order(std::string_view body, Work work, Order& order);

struct Checked {
  std::int64_t lines = 0;
  std::size_t characters = 0;  // of all prompts
  std::string any_key;
  std::string errors;  // "Error on line N: ...", joined by '\n'; empty if all lines are valid
  Texts found;         // the sought texts that occur
};

struct InputKind {
  Work work;
  bool inlined;
};

// Checks all lines of an input. `roster` gets every line; it may be null.
Task<Checked> check_lines(const Blob& input, InputKind kind, const Switches& switches, Texts sought, Roster* roster);

}  // namespace batchd::emulator
