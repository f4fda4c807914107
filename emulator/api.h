// The provider's surface: credentials, routes, and the faults around every call.
#pragma once

#include <optional>
#include <string>

#include "emulator/batch_api.h"
#include "emulator/call_faults.h"
#include "emulator/http.h"
#include "emulator/router.h"
#include "emulator/uploads.h"

namespace batchd::emulator {

class Api : public Application {
 public:
  static constexpr std::size_t kBodyBytesMax = 20971520;  // of calls with a JSON body

  Api(Uploads& uploads, Files& files, BatchApi& batches, Faults& faults, Ledger& ledger)
      : uploads_(uploads), files_(files), batches_(batches), faults_(faults), ledger_(ledger) {}

  Task<Outcome> handle(const Request& request, BodySource& body) override;
  std::optional<Rule> accepted() override;

 private:
  Task<Response> set_faults(BodySource& body);
  Task<Outcome> handle_faulty(const Request& request, const Route& target, BodySource& body, const Texts& found);
  Effect effect_of(const Request& request, const Route& target);
  void forget(const Request& request, const Route& target, std::string_view body);
  Task<Response> serve(const Request& request, const Route& route, BodySource& body);
  Task<Response> serve_with_body(const Request& request, const Route& route, std::string project, BodySource& body);
  Response serve_without_body(const Request& request, const Route& route, const std::string& project);
  Response list_files(const Request& request, const Route& route, const std::string& project);
  Response get_file(const Request& request, const Route& route, const std::string& project);
  Response delete_file(const Route& route, const std::string& project);
  Response download(const Request& request, const Route& route, const std::string& project);
  Response generate(const Route& route, const std::string& body);

  Uploads& uploads_;
  Files& files_;
  BatchApi& batches_;
  Faults& faults_;
  Ledger& ledger_;
};

}  // namespace batchd::emulator
