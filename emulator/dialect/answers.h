// What the emulated model says: a deterministic echo, so that anybody can check an answer against its own prompt.
#pragma once

#include <string>
#include <string_view>

#include "emulator/dialect/lines.h"

namespace batchd::emulator {

std::string answer_text(const Prompt& prompt);
// One of the GenerateContentResponses of a stream: `text` is its part of answer_text(). Only the last one says why the
// answer ends, and how long it is.
std::string streamed_json(const Prompt& prompt, std::string_view model, std::string_view text, bool last);
// A GenerateContentResponse: "echo: " + the prompt's text; or an EmbedContentResponse, in the model's own form.
std::string response_json(const Prompt& prompt, std::string_view model);
// The JSON array of an embedding, such as [0.1234,-0.5]: made from the text's digest, as docs/emulator.md says.
std::string embedding_values(std::string_view text, int dimensions);
// A GenerateContentResponse without candidates: the prompt was blocked.
std::string blocked_json(const Prompt& prompt, std::string_view model);
// A google.rpc.Status.
std::string status_json(int code, std::string_view message);

// A result line without its '\n': `value` under `name` ("response", "error" or "status"), the key, and the echoed
// members, in an order that depends on the key alone. The line's form can change the name, and the key's place.
std::string result_line(const InputLine& input, std::string_view name, std::string_view value);

}  // namespace batchd::emulator
