// Answers of streamGenerateContent: the answer's text in pieces, each a GenerateContentResponse.
#pragma once

#include <string_view>

#include "emulator/dialect/lines.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

enum class StreamForm {
  events,  // alt=sse: "data: {...}" and an empty line; LF only, no comments, no "event:", no "[DONE]"
  array    // the elements of one JSON array
};

// With `breaks_off` an error takes the place of the second half.
Response stream_response(StreamForm form, const Prompt& prompt, std::string_view model, bool breaks_off);
// Returns an error before the stream; in the form of an array the error is an element, too.
Response refused_stream(StreamForm form, Response refusal);

}  // namespace batchd::emulator
