#include "emulator/gemini/sync_api.h"

#include <charconv>

#include "emulator/base/ids.h"
#include "emulator/dialect/answers.h"
#include "emulator/dialect/errors.h"
#include "emulator/dialect/models.h"
#include "emulator/dialect/streams.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kEmbedsMax = 100;   // requests of one batchEmbedContents
constexpr std::size_t kModelsUsual = 50;  // per page
constexpr std::size_t kModelsMax = 1000;  // likewise

// Returns an error answer, or nullopt if the model exists and does this work.
std::optional<Response> model_refusal(const Route& route, Work work, const Switches& switches) {
  if (known_model(route.resource, switches) && work_of(route.resource) == work) return std::nullopt;
  return no_such_model(route.resource, route.version, route.method);
}

std::optional<Response> parse_body(std::string_view body, Document& document) {
  DomFault fault;
  if (!parse(body, document, fault)) return not_json(fault.what);
  return std::nullopt;
}

std::optional<Response> read_prompt(const Value& request, std::string_view body, Work work, Prompt& prompt) {
  const auto why = read_request(request, body, work, prompt);
  if (!why.empty()) return not_json(why);
  if (!prompt.has_contents) return google_error(400, without_contents(work));
  return std::nullopt;
}

std::optional<Response> read_generate(const Route& route, std::string_view body, const Switches& switches,
                                      Prompt& prompt) {
  Document document;
  if (auto refusal = model_refusal(route, Work::content, switches)) return refusal;
  if (auto refusal = parse_body(body, document)) return refusal;
  return read_prompt(document, body, Work::content, prompt);
}

void append_embedding(json::Writer& w, const Prompt& prompt) {
  w.begin_object();
  w.key("values");
  w.raw(embedding_values(prompt.text, prompt.dimensions));
  w.end_object();
}

// Page tokens of the list of models are plain indices. Returns nullopt if the token is not a number.
std::optional<std::size_t> index(std::string_view text) {
  std::size_t out = 0;
  if (text.empty()) return out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::string_view either(const Request& request, const char* camel, const char* snake) {
  const auto value = request.parameter(camel);
  return value.empty() ? request.parameter(snake) : value;
}

std::string count_json(std::size_t tokens) {
  const auto number = std::to_string(tokens);
  return "{\"totalTokens\":" + number + ",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":" + number +
         "}]}";
}

}  // namespace

void SyncApi::book(std::string_view model, const Prompt& prompt) {
  ledger_.write("generate", {{"model", model}, {"prompt_sha256", prompt.sha256()}, {"billed", "billed"}});
}

Response SyncApi::generate(const Route& route, std::string_view body) {
  Prompt prompt;
  if (auto refusal = read_generate(route, body, switches_, prompt)) return *refusal;
  book(route.resource, prompt);
  return json_text(200, response_json(prompt, route.resource));
}

Response SyncApi::stream(const Request& request, const Route& route, std::string_view body) {
  const auto form = request.parameter("alt") == "sse" ? StreamForm::events : StreamForm::array;
  Prompt prompt;
  if (auto refusal = read_generate(route, body, switches_, prompt)) return refused_stream(form, std::move(*refusal));
  book(route.resource, prompt);
  return stream_response(form, prompt, route.resource, switches_.is(Switch::stream_ending, "error"));
}

Response SyncApi::embed(const Route& route, std::string_view body) {
  Document document;
  Prompt prompt;
  if (auto refusal = model_refusal(route, Work::embedding, switches_)) return *refusal;
  if (auto refusal = parse_body(body, document)) return *refusal;
  if (auto refusal = read_prompt(document, body, Work::embedding, prompt)) return *refusal;
  book(route.resource, prompt);
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("embedding");
  append_embedding(w, prompt);
  w.end_object();
  return json_text(200, std::move(out));
}

Response SyncApi::embed_many(const Route& route, std::string_view body) {
  Document document;
  if (auto refusal = model_refusal(route, Work::embedding, switches_)) return *refusal;
  if (auto refusal = parse_body(body, document)) return *refusal;
  const auto* requests = member(document, "requests");
  if (!requests || !requests->IsArray() || requests->Empty()) {
    return google_error(400, "* BatchEmbedContentsRequest.requests: requests is not specified\n");
  }
  if (requests->Size() > kEmbedsMax) {
    return google_error(400, "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n");
  }
  std::vector<Prompt> prompts(requests->Size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto& request = (*requests)[static_cast<rapidjson::SizeType>(i)];
    if (auto refusal = read_prompt(request, body, Work::embedding, prompts[i])) return *refusal;
  }
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("embeddings");
  w.begin_array();
  for (const auto& prompt : prompts) {
    book(route.resource, prompt);
    append_embedding(w, prompt);
  }
  w.end_array();
  w.end_object();
  return json_text(200, std::move(out));
}

// {"contents": [...]} or {"generateContentRequest": {"contents": [...], ...}}; nothing is billed.
Response SyncApi::count_tokens(const Route& route, std::string_view body) {
  Document document;
  if (!known_model(route.resource, switches_)) return no_such_model(route.resource, route.version, route.method);
  if (auto refusal = parse_body(body, document)) return *refusal;
  const auto* wrapped = member(document, "generateContentRequest", "generate_content_request");
  Prompt prompt;
  if (auto refusal = read_prompt(wrapped ? *wrapped : document, body, Work::content, prompt)) return *refusal;
  return json_text(200, count_json(tokens(prompt.characters)));
}

Response SyncApi::list_models(const Request& request) {
  const auto wanted = index(either(request, "pageSize", "page_size"));
  const auto from = index(either(request, "pageToken", "page_token"));
  if (!wanted || !from) return google_error(400, usual_message(400));
  return json_text(200, model_list_json(*from, std::min(*wanted == 0 ? kModelsUsual : *wanted, kModelsMax), switches_));
}

Response SyncApi::get_model(const Route& route) {
  if (!known_model(route.resource, switches_)) return no_such_model(route.resource, route.version, "generateContent");
  return json_text(200, model_json(route.resource, switches_));
}

}  // namespace batchd::emulator
