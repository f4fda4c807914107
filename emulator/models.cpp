#include "emulator/models.h"

#include <algorithm>
#include <iterator>

#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::string_view kListed[] = {"gemini-2.5-pro",       "gemini-2.5-flash",   "gemini-2.5-flash-lite",
                                        "gemini-embedding-001", "gemini-embedding-2", "emu-echo"};

}  // namespace

bool known_model(std::string_view model) {
  return (model.starts_with("gemini") || model.starts_with("emu")) && model.find('/') == std::string_view::npos;
}

Work work_of(std::string_view model) {
  return model.find("embedding") != std::string_view::npos ? Work::embedding : Work::content;
}

std::string model_json(std::string_view model) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("name");
  w.string("models/" + std::string(model));
  w.key("version");
  w.string("001");
  w.key("displayName");
  w.string(model);
  w.key("inputTokenLimit");
  w.number(1048576);
  w.key("outputTokenLimit");
  w.number(65536);
  w.key("supportedGenerationMethods");
  w.begin_array();
  if (work_of(model) == Work::embedding) {
    for (const auto* method : {"embedContent", "countTokens", "asyncBatchEmbedContent"}) w.string(method);
  } else {
    for (const auto* method : {"generateContent", "countTokens", "batchGenerateContent"}) w.string(method);
  }
  w.end_array();
  w.end_object();
  return out;
}

std::string model_list_json(const PageRequest& page) {
  const std::size_t count = std::size(kListed);
  // As with the other lists, a page goes on below a number: the first model has the highest.
  std::size_t next = page.before == 0 ? 0 : count + 1 - std::min<std::size_t>(page.before, count + 1);
  const auto end = std::min(count, next + page.size);
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("models");
  w.begin_array();
  for (; next < end; ++next) w.raw(model_json(kListed[next]));
  w.end_array();
  if (end < count) {
    w.key("nextPageToken");
    w.string(page_token(count + 1 - end));
  }
  w.end_object();
  return out;
}

}  // namespace batchd::emulator
