// What a create asks for, and whether its lines may become a job.
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
  std::shared_ptr<const Blob> inlined;  // the requests, if they are in the body: one line each; then no file_id
};

// The work that a method's batches do.
Work work_asked(const Route& route);
// Reads the body of a create; a Response says what's wrong with it.
std::optional<Response> read_order(std::string_view body, Work work, Order& order);

struct Checked {
  std::int64_t lines = 0;
  std::size_t characters = 0;  // of all prompts
  std::string any_key;
  std::string errors;  // "Error on line N: ...", joined by '\n'; empty: all fine
  Texts found;         // of those sought
};

struct InputKind {
  Work work;
  bool inlined;
};

// `roster` (or none) gets every line.
Task<Checked> check_lines(const Blob& input, InputKind kind, const Switches& switches, Texts sought, Roster* roster);

}  // namespace batchd::emulator
