#include "emulator/dialect/streams.h"

#include "emulator/dialect/answers.h"
#include "emulator/dialect/errors.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kBitBytes = 24;  // of text per response, and the rest of the character that they end in

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::vector<std::string_view> bits_of(std::string_view text) {
  std::vector<std::string_view> bits;
  while (!text.empty()) {
    auto end = std::min(kBitBytes, text.size());
    while (end < text.size() && continues_character(text[end])) ++end;
    bits.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return bits;
}

// Readers of lines, some SDKs' among them, end lines at these characters too.
std::string escape_separators(std::string_view json) {
  std::string out;
  for (std::size_t i = 0; i < json.size();) {
    const auto rest = json.substr(i);
    if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 3;
    } else if (rest.starts_with("\xC2\x85")) {
      out += "\\u0085";
      i += 2;
    } else {
      out += json[i++];
    }
  }
  return out;
}

Response framed(StreamForm form, const std::vector<std::string>& elements, const std::string& error) {
  Response response;
  auto& pieces = response.pieces;
  if (form == StreamForm::events) {
    response.content_type = "text/event-stream";
    for (const auto& element : elements) pieces.push_back("data: " + escape_separators(element) + "\n\n");
    // Raw, not as an event: the only form that all of the official SDKs raise.
    if (!error.empty()) pieces.push_back(error + "\n\n");
    return response;
  }
  for (const auto& element : elements) pieces.push_back((pieces.empty() ? "[" : ",\r\n") + element);
  if (!error.empty()) pieces.push_back(",\r\n" + error);
  pieces.emplace_back("]");
  return response;
}

}  // namespace

Response stream_response(StreamForm form, const Prompt& prompt, std::string_view model, bool breaks_off) {
  const auto answer = answer_text(prompt);
  const auto bits = bits_of(answer);
  const auto given = breaks_off ? (bits.size() + 1) / 2 : bits.size();
  std::vector<std::string> elements;
  for (std::size_t i = 0; i < given; ++i) {
    elements.push_back(streamed_json(prompt, model, bits[i], i + 1 == bits.size()));
  }
  return framed(form, elements, breaks_off ? google_error(503, usual_message(503)).body : std::string());
}

Response refused_stream(StreamForm form, Response refusal) {
  if (form == StreamForm::array) refusal.body = "[" + refusal.body + "]";
  return refusal;
}

}  // namespace batchd::emulator
