// One line of a batch's input: {"key","request"}; any other members are echoed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/base/dom.h"
#include "emulator/dialect/models.h"

namespace batchd::emulator {

// The parts of a GenerateContentRequest or an EmbedContentRequest that the emulated model uses.
struct Prompt {
  bool has_contents = false;
  int dimensions = 4;          // length of the embedding
  std::string text;            // of the last part of the last content; it is answered, billed and hashed
  std::size_t characters = 0;  // of all texts
  std::string sha256() const;  // lower-case hex of the digest of `text`
};

// How the result of a line is written.
struct ResultForm {
  enum class Failure { error, status, status_text };  // the member that reports a failed request

  bool inlined = false;  // an item of the job's operation, with metadata in place of a key
  Failure failure = Failure::error;
};

struct InputLine {
  ResultForm form;         // form of the result
  bool from_body = false;  // a request of a create's body, with metadata in place of a key
  bool has_key = false;
  std::string key;       // if from a body, the key of its metadata, if any
  std::string metadata;  // if from a body, JSON; empty if there is none
  Prompt prompt;
  std::vector<std::pair<std::string, std::string>> extras;  // name and value (JSON) of the other members
};

// Returns an empty text if the line is valid, else why the provider refuses it, to follow "Error on line N: ".
std::string read_line(std::string_view line, Work work, InputLine& out);

// Does the same for a bare request (the body of generateContent). `text` is the source of `request`, for columns.
std::string read_request(const Value& request, std::string_view text, Work work, Prompt& out);

// Returns the error message for a request without contents.
std::string_view without_contents(Work work);

bool blank(std::string_view line);

}  // namespace batchd::emulator
