// What the lines of an input name besides their own text: files of the Files API, and cached contents.
#pragma once

#include <optional>
#include <string>

#include "emulator/base/dom.h"
#include "emulator/gemini/caches.h"
#include "emulator/jobs/files.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

class References {
 public:
  References(Files& files, Caches& caches, const Switches& switches, std::string project, std::string model)
      : files_(files), caches_(caches), switches_(switches), project_(std::move(project)), model_(std::move(model)) {}

  // Returns the answer to a create with this line if it names what isn't there or can't be used; nullopt else.
  std::optional<Response> refusal(const Value& line) const;

 private:
  std::optional<Response> file_refusal(std::string_view uri) const;
  std::optional<Response> cache_refusal(std::string_view name) const;

  Files& files_;
  Caches& caches_;
  const Switches& switches_;
  std::string project_;
  std::string model_;
};

}  // namespace batchd::emulator
