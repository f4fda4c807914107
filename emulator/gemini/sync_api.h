// The calls that answer at once: generate, stream, embed, count, and the list of models.
#pragma once

#include <string>

#include "emulator/base/switches.h"
#include "emulator/dialect/lines.h"
#include "emulator/gemini/router.h"
#include "emulator/judge/ledger.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

class SyncApi {
 public:
  SyncApi(Ledger& ledger, const Switches& switches) : ledger_(ledger), switches_(switches) {}

  Response generate(const Route& route, std::string_view body);
  // Answers with events if the request has alt=sse, else with the elements of one JSON array.
  Response stream(const Request& request, const Route& route, std::string_view body);
  Response embed(const Route& route, std::string_view body);
  Response embed_many(const Route& route, std::string_view body);
  Response count_tokens(const Route& route, std::string_view body);
  Response list_models(const Request& request);
  Response get_model(const Route& route);

 private:
  void book(std::string_view model, const Prompt& prompt);

  Ledger& ledger_;
  const Switches& switches_;
};

}  // namespace batchd::emulator
