// The emulated models: every name that starts with "gemini" or "emu".
#pragma once

#include <string>
#include <string_view>

namespace batchd::emulator {

// What a model does; each does only one of these.
enum class Work { content, embedding };

bool known_model(std::string_view model);
Work work_of(std::string_view model);  // embedding if the name contains "embedding"
std::string model_json(std::string_view model);
std::string model_list_json(std::size_t from, std::size_t count);  // `from` counts the listed models from 0

}  // namespace batchd::emulator
