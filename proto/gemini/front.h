// The provider's own paths, for programs that know nothing of batchd: what they send, and the errors they expect.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/provider.h"
#include "core/types.h"
#include "proto/api/options.h"

namespace batchd::proto {

// The versions of the API whose paths are served.
inline constexpr std::array<std::string_view, 3> kGeminiVersions{"v1beta", "v1", "v1alpha"};

// The parts of a path such as "v1beta/models/gemini-2.5-flash:generateContent", which stands below /gemini/.
struct GeminiCall {
  std::string model;
  std::string endpoint;  // generateContent or embedContent
  bool stream = false;   // streamGenerateContent
  bool many = false;     // batchEmbedContents: a list of embedContent requests, see proto/gemini/embeds.h
};
std::optional<GeminiCall> parse_gemini_call(std::string_view path);  // nullopt for a call that isn't served

// Reads the body of such a call in fragments of any size, and produces the provider's request object as it goes into a
// batch. Members pass verbatim, except for "model": the model of a batch is named once, in the path. A body that names
// another model is faulty.
class GeminiBodyReader {
 public:
  GeminiBodyReader(std::string_view model, const core::RequestRules& rules);  // `rules` must outlive this
  ~GeminiBodyReader();
  bool feed(std::string_view fragment, std::string& request_out);  // false if faulty, see fault()
  std::optional<std::int64_t> finish(std::string& request_out);    // estimated tokens; nullopt if faulty
  const SubmissionFault& fault() const;
  // Returns true if `raw`, a value of "model" as it stands in a body, names `model`.
  static bool names(std::string_view raw, std::string_view model);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace batchd::proto
