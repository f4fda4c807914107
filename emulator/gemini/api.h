// The provider's surface: credentials, routes, and the faults around every call.
#pragma once

#include <optional>
#include <string>

#include "emulator/gemini/batch_api.h"
#include "emulator/gemini/caches.h"
#include "emulator/gemini/call_faults.h"
#include "emulator/gemini/file_api.h"
#include "emulator/gemini/router.h"
#include "emulator/gemini/sync_api.h"
#include "emulator/gemini/uploads.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

class Api : public Application {
 public:
  static constexpr std::size_t kBodyBytesMax = 20971520;  // of calls with a JSON body

  Api(Uploads& uploads, Files& files, Caches& caches, BatchApi& batches, Faults& faults, Ledger& ledger,
      Switches& switches)
      : uploads_(uploads),
        files_(files),
        caches_(caches),
        file_api_(files, ledger, switches),
        sync_api_(ledger, switches),
        batches_(batches),
        faults_(faults),
        ledger_(ledger),
        switches_(switches) {}

  Task<HandledCall> handle(const Request& request, BodySource& body) override;
  std::optional<Rule> accepted() override;

 private:
  Task<HandledCall> answer(const Request& request, const Route& target, BodySource& body);
  Task<Response> set_faults(BodySource& body);
  Task<Response> set_switches(BodySource& body);
  Task<HandledCall> handle_faulty(const Request& request, const Route& target, BodySource& body, const Texts& found);
  Effect effect_of(const Request& request, const Route& target);
  void forget(const Request& request, const Route& target, std::string_view body);
  Task<Response> serve(const Request& request, const Route& route, BodySource& body);
  Task<Response> serve_with_body(const Request& request, const Route& route, std::string project, BodySource& body);
  Response serve_without_body(const Request& request, const Route& route, const std::string& project);

  Uploads& uploads_;
  Files& files_;
  Caches& caches_;
  FileApi file_api_;
  SyncApi sync_api_;
  BatchApi& batches_;
  Faults& faults_;
  Ledger& ledger_;
  Switches& switches_;
};

}  // namespace batchd::emulator
