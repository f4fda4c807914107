// Which models there are: any whose name starts with "gemini" or "emu".
#pragma once

#include <string>
#include <string_view>

namespace batchd::emulator {

// What a model can be asked for: each does one of them only.
enum class Work { content, embedding };

bool known_model(std::string_view model);
Work work_of(std::string_view model);  // those with "embedding" in their names embed
std::string model_json(std::string_view model);
std::string model_list_json(std::size_t from, std::size_t count);  // of those that are listed, from 0

}  // namespace batchd::emulator
