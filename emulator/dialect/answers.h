// What the emulated model says: a deterministic echo, so that anybody can check an answer against its own prompt.
#pragma once

#include <string>
#include <string_view>

#include "emulator/dialect/lines.h"

namespace batchd::emulator {

std::string answer_text(const Prompt& prompt);
// Returns one GenerateContentResponse of a stream: `text` is its part of answer_text(). Only the last one has the
// finish reason and the token counts.
std::string streamed_json(const Prompt& prompt, std::string_view model, std::string_view text, bool last);
// Returns a GenerateContentResponse with "echo: " and the prompt's text, or an EmbedContentResponse in the model's
// form.
std::string response_json(const Prompt& prompt, std::string_view model);
// Returns the JSON array of an embedding, such as [0.1234,-0.5], made from the text's digest (docs/emulator.md).
std::string embedding_values(std::string_view text, int dimensions);
// Returns a GenerateContentResponse without candidates, as for a blocked prompt.
std::string blocked_json(const Prompt& prompt, std::string_view model);
// Returns a google.rpc.Status.
std::string status_json(int code, std::string_view message);

// Returns a result line without its '\n': `value` under `name` ("response", "error" or "status"), the key, and the
// echoed members, in an order that depends only on the key. The line's form can change the name and the key's place.
std::string result_line(const InputLine& input, std::string_view name, std::string_view value);

}  // namespace batchd::emulator
