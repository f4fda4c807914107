// One line of a batch's input: {"key","request"} and whatever else, which is echoed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/base/dom.h"
#include "emulator/dialect/models.h"

namespace batchd::emulator {

// What a GenerateContentRequest or an EmbedContentRequest asks, as far as this model understands it.
struct Prompt {
  bool has_contents = false;
  int dimensions = 4;          // of the embedding
  std::string text;            // of the last part of the last content: what is answered, billed and hashed
  std::size_t characters = 0;  // of all texts
  std::string sha256() const;  // lower-case hex of the digest of `text`
};

// How its result is written.
struct ResultForm {
  enum class Failure { error, status, status_text };  // the member that says that the request failed

  bool inlined = false;  // an item of a job's own document, with metadata in place of a key
  Failure failure = Failure::error;
};

struct InputLine {
  ResultForm form;  // of its result; decides, too, how the line is read
  bool has_key = false;
  std::string key;       // inlined: that of its metadata, if there is one
  std::string metadata;  // inlined: JSON; empty: none
  Prompt prompt;
  std::vector<std::pair<std::string, std::string>> extras;  // name and value (JSON) of the other members
};

// Empty: fine. Else why the provider refuses it, as it follows "Error on line N: ".
std::string read_line(std::string_view line, Work work, InputLine& out);

// The same for a bare request (the body of generateContent). `text` is where `request` came from, for columns.
std::string read_request(const Value& request, std::string_view text, Work work, Prompt& out);

// What is said of a request without contents.
std::string_view without_contents(Work work);

bool blank(std::string_view line);

}  // namespace batchd::emulator
