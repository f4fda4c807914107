#include "emulator/dialect/answers.h"

#include <cstdio>

#include "emulator/base/ids.h"
#include "emulator/dialect/models.h"
#include "proto/json/digest.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

void append_usage(json::Writer& w, std::size_t prompt_tokens, std::size_t answer_tokens) {
  w.key("usageMetadata");
  w.begin_object();
  w.key("promptTokenCount");
  w.number(static_cast<std::int64_t>(prompt_tokens));
  if (answer_tokens > 0) {
    w.key("candidatesTokenCount");
    w.number(static_cast<std::int64_t>(answer_tokens));
  }
  w.key("totalTokenCount");
  w.number(static_cast<std::int64_t>(prompt_tokens + answer_tokens));
  w.key("promptTokensDetails");
  w.begin_array();
  w.begin_object();
  w.key("modality");
  w.string("TEXT");
  w.key("tokenCount");
  w.number(static_cast<std::int64_t>(prompt_tokens));
  w.end_object();
  w.end_array();
  w.end_object();
}

void append_candidate(json::Writer& w, std::string_view text, bool last = true) {
  w.key("candidates");
  w.begin_array();
  w.begin_object();
  w.key("content");
  w.begin_object();
  w.key("parts");
  w.begin_array();
  w.begin_object();
  w.key("text");
  w.string(text);
  w.end_object();
  w.end_array();
  w.key("role");
  w.string("model");
  w.end_object();
  if (last) {
    w.key("finishReason");
    w.string("STOP");
  }
  w.key("index");
  w.number(0);
  w.end_object();
  w.end_array();
}

void append_origin(json::Writer& w, const Prompt& prompt, std::string_view model) {
  w.key("modelVersion");
  w.string(model);
  w.key("responseId");
  w.string(prompt.sha256().substr(0, 22));
}

std::size_t spread(std::string_view key) {
  std::size_t sum = 0;
  for (const char c : key) sum = sum * 31 + static_cast<unsigned char>(c);
  return sum;
}

// The first embedding model counts tokens in a member of its own, as text; later ones as all models do.
std::string embedding_json(const Prompt& prompt, std::string_view model) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  if (model == "gemini-embedding-001") {
    w.key("tokenCount");
    w.string(std::to_string(tokens(prompt.characters)));
  } else {
    append_usage(w, tokens(prompt.characters), 0);
  }
  w.key("embedding");
  w.begin_object();
  w.key("values");
  w.raw(embedding_values(prompt.text, prompt.dimensions));
  w.end_object();
  w.end_object();
  return out;
}

}  // namespace

std::string embedding_values(std::string_view text, int dimensions) {
  const auto digest = json::sha256(text);
  const auto byte = [&](int at) { return static_cast<unsigned char>(digest[static_cast<std::size_t>(at)]); };
  std::string values = "[";
  for (int i = 0; i < dimensions; ++i) {
    const int at = 2 * (i % 16);
    const int word = byte(at) * 256 + byte(at + 1);
    char value[16];
    std::snprintf(value, sizeof value, "%s%.4f", i == 0 ? "" : ",", (word % 20001 - 10000) / 10000.0);
    values += value;
  }
  return values + "]";
}

std::string answer_text(const Prompt& prompt) { return "echo: " + prompt.text; }

std::string streamed_json(const Prompt& prompt, std::string_view model, std::string_view text, bool last) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  append_candidate(w, text, last);
  append_usage(w, tokens(prompt.characters), last ? tokens(characters(answer_text(prompt))) : 0);
  append_origin(w, prompt, model);
  w.end_object();
  return out;
}

std::string response_json(const Prompt& prompt, std::string_view model) {
  if (work_of(model) == Work::embedding) return embedding_json(prompt, model);
  const auto answer = answer_text(prompt);
  std::string out;
  json::Writer w(out);
  w.begin_object();
  append_candidate(w, answer);
  append_usage(w, tokens(prompt.characters), tokens(characters(answer)));
  append_origin(w, prompt, model);
  w.end_object();
  return out;
}

std::string blocked_json(const Prompt& prompt, std::string_view model) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("promptFeedback");
  w.begin_object();
  w.key("blockReason");
  w.string("PROHIBITED_CONTENT");
  w.end_object();
  append_usage(w, tokens(prompt.characters), 0);
  append_origin(w, prompt, model);
  w.end_object();
  return out;
}

std::string status_json(int code, std::string_view message) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("code");
  w.number(code);
  w.key("message");
  w.string(message);
  w.end_object();
  return out;
}

namespace {

// Returns the value of a failed line if its member isn't "error".
std::string failure_value(ResultForm::Failure form, std::string_view status) {
  if (form != ResultForm::Failure::status_text) return std::string(status);
  std::string out;
  json::append_string(out, "Request failed: " + std::string(status));
  return out;
}

std::string inlined_item(const InputLine& input, std::string_view name, std::string_view value) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key(name);
  w.raw(value);
  Document metadata;
  DomFault fault;
  const bool own = parse(input.metadata, metadata, fault) && text(metadata, "key") == input.key;
  if (input.has_key) {
    w.key("metadata");
    std::string foreign = "{\"key\":";
    json::append_string(foreign, input.key);
    w.raw(own ? input.metadata : foreign + "}");
  }
  w.end_object();
  return out;
}

}  // namespace

std::string result_line(const InputLine& input, std::string_view name, std::string_view value) {
  if (name == "error" && input.form.failure != ResultForm::Failure::error) {
    return result_line(input, "status", failure_value(input.form.failure, value));
  }
  if (input.form.inlined) return inlined_item(input, name, value);
  std::string out;
  json::Writer w(out);
  const auto append_key = [&] {
    if (!input.has_key) return;
    w.key("key");
    w.string(input.key);
  };
  const auto append_value = [&] {
    w.key(name);
    w.raw(value);
  };
  const auto append_extras = [&] {
    for (const auto& [extra, raw] : input.extras) {
      w.key(extra);
      w.raw(raw);
    }
  };
  w.begin_object();
  switch (spread(input.key) % 3) {
    case 0:
      append_value();
      append_key();
      append_extras();
      break;
    case 1:
      append_key();
      append_value();
      append_extras();
      break;
    default:
      append_extras();
      append_value();
      append_key();
  }
  w.end_object();
  return out;
}

}  // namespace batchd::emulator
