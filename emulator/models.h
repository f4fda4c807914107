// Which models there are: any whose name starts with "gemini" or "emu".
#pragma once

#include <string>
#include <string_view>

namespace batchd::emulator {

bool known_model(std::string_view model);
bool embeds(std::string_view model);  // embedding models make no content
std::string model_json(std::string_view model);
std::string model_list_json();

}  // namespace batchd::emulator
