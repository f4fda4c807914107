// The emulated models: every name that starts with "gemini" or "emu".
#pragma once

#include <string>
#include <string_view>

#include "emulator/base/switches.h"

namespace batchd::emulator {

// What a model does; each does only one of these.
enum class Work { content, embedding };

bool known_model(std::string_view model, const Switches& switches);  // false if a switch hides the model
// True if jobs can be made with the model: one that is known, and not without its batch method by a switch.
bool takes_batches(std::string_view model, const Switches& switches);
Work work_of(std::string_view model);  // embedding if the name contains "embedding"
std::string model_json(std::string_view model, const Switches& switches);
// Returns a page of the listed models; `from` counts them from 0.
std::string model_list_json(std::size_t from, std::size_t count, const Switches& switches);

}  // namespace batchd::emulator
