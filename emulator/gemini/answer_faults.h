// Faults in an answer's text: another answer than the true one, or the true one with something changed.
#pragma once

#include <optional>

#include "emulator/faults/faults.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

// Returns the answer to send instead of the true one; nullopt if the fault doesn't replace the answer.
std::optional<Response> other_answer(const Rule& fault, const Request& request);

// Makes the fault's change in an answer with JSON; other answers stay unchanged.
void edit_answer(const Rule& fault, const Request& request, Response& response);

}  // namespace batchd::emulator
