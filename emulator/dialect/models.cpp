#include "emulator/dialect/models.h"

#include <algorithm>
#include <span>
#include <vector>

#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::string_view kListed[] = {"gemini-2.5-pro",       "gemini-2.5-flash",   "gemini-2.5-flash-lite",
                                        "gemini-embedding-001", "gemini-embedding-2", "emu-echo"};

}  // namespace

bool known_model(std::string_view model, const Switches& switches) {
  return (model.starts_with("gemini") || model.starts_with("emu")) && model.find('/') == std::string_view::npos &&
         !switches.lists(Switch::unknown_models, model);
}

bool takes_batches(std::string_view model, const Switches& switches) {
  return known_model(model, switches) && !switches.lists(Switch::models_without_batch, model);
}

Work work_of(std::string_view model) {
  return model.find("embedding") != std::string_view::npos ? Work::embedding : Work::content;
}

std::string model_json(std::string_view model, const Switches& switches) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("name");
  w.string("models/" + std::string(model));
  w.key("version");
  w.string("001");
  w.key("displayName");
  w.string(model);
  w.key("description");
  w.string(work_of(model) == Work::embedding ? "Makes numbers from a text's digest." : "Echoes what it is told.");
  w.key("inputTokenLimit");
  w.number(1048576);
  w.key("outputTokenLimit");
  w.number(65536);
  w.key("supportedGenerationMethods");
  w.begin_array();
  const bool embeds = work_of(model) == Work::embedding;
  if (embeds) {
    for (const auto* method : {"embedContent", "countTextTokens", "countTokens"}) w.string(method);
  } else {
    for (const auto* method : {"generateContent", "countTokens", "createCachedContent"}) w.string(method);
  }
  if (takes_batches(model, switches)) w.string(embeds ? "asyncBatchEmbedContent" : "batchGenerateContent");
  w.end_array();
  w.end_object();
  return out;
}

std::string model_list_json(std::size_t from, std::size_t count, const Switches& switches) {
  std::vector<std::string_view> listed;
  for (const auto model : kListed)
    if (known_model(model, switches)) listed.push_back(model);
  const std::span<const std::string_view> all(listed);
  from = std::min(from, all.size());
  const auto given = all.subspan(from, std::min(count, all.size() - from));
  std::string out;
  json::Writer w(out);
  w.begin_object();
  if (!given.empty()) {
    w.key("models");
    w.begin_array();
    for (const auto model : given) w.raw(model_json(model, switches));
    w.end_array();
  }
  if (from + given.size() < all.size()) {
    w.key("nextPageToken");
    w.string(std::to_string(from + given.size()));
  }
  w.end_object();
  return out;
}

}  // namespace batchd::emulator
