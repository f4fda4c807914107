// The calls on batches: create, get, list, cancel, delete.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emulator/gemini/caches.h"
#include "emulator/gemini/create_order.h"
#include "emulator/gemini/router.h"
#include "emulator/jobs/jobs.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

class BatchApi {
 public:
  BatchApi(Files& files, Caches& caches, Jobs& jobs, Faults& faults, Ledger& ledger, const Switches& switches,
           double job_seconds)
      : files_(files),
        caches_(caches),
        jobs_(jobs),
        faults_(faults),
        ledger_(ledger),
        switches_(switches),
        job_seconds_(job_seconds) {}

  Task<Response> create(std::string project, Route route, std::string body);
  // Returns which of the texts occur in a prompt of the file that this create names; none if the file can't be read.
  Task<Texts> texts_in(std::string project, Route route, std::string body, Texts sought);
  // Returns the file that a create's body names, without "files/"; empty if it names none.
  std::string file_named(const Route& route, std::string_view body) const;
  Response get(std::string_view project, std::string_view id);
  Response list(const Request& request, std::string_view project);
  Response cancel(std::string_view project, std::string_view id);
  Response remove(std::string_view project, std::string_view id);

 private:
  std::shared_ptr<const Blob> input_of(std::string_view project, const Order& order);  // null if there is none
  // Returns the answer to a create whose file isn't there or can't be used; nullopt if it can.
  std::optional<Response> input_refusal(std::string_view project, const Order& order);
  std::optional<Response> account_refusal() const;
  Response unknown(std::string_view id) const;

  Files& files_;
  Caches& caches_;
  Jobs& jobs_;
  Faults& faults_;
  Ledger& ledger_;
  const Switches& switches_;
  double job_seconds_;
};

}  // namespace batchd::emulator
