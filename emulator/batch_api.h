// The calls on batches: create, get, list, cancel, delete.
#pragma once

#include <string>
#include <string_view>

#include "emulator/http.h"
#include "emulator/jobs.h"

namespace batchd::emulator {

class BatchApi {
 public:
  BatchApi(Files& files, Jobs& jobs, Ledger& ledger, double job_seconds)
      : files_(files), jobs_(jobs), ledger_(ledger), job_seconds_(job_seconds) {}

  Task<Response> create(std::string project, std::string model, std::string version, std::string body);
  Response get(std::string_view project, std::string_view id);
  Response list(const Request& request, std::string_view project);
  Response cancel(std::string_view project, std::string_view id);
  Response remove(std::string_view project, std::string_view id);

 private:
  Files& files_;
  Jobs& jobs_;
  Ledger& ledger_;
  double job_seconds_;
};

}  // namespace batchd::emulator
