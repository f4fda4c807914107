// Faults that are in an answer's words: another answer than the true one, or the true one with something changed.
#pragma once

#include <optional>

#include "emulator/faults/faults.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

// The answer that is given in place of the true one; nullopt: this fault isn't of that sort.
std::optional<Response> other_answer(const Rule& fault, const Request& request);

// Changes what the fault says in an answer that carries JSON; anything else stays as it is.
void edit_answer(const Rule& fault, const Request& request, Response& response);

}  // namespace batchd::emulator
