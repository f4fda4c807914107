// The calls on files that are complete: get, list, delete, download.
#pragma once

#include <string>

#include "emulator/base/switches.h"
#include "emulator/gemini/router.h"
#include "emulator/jobs/files.h"
#include "emulator/judge/ledger.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

class FileApi {
 public:
  FileApi(Files& files, Ledger& ledger, const Switches& switches)
      : files_(files), ledger_(ledger), switches_(switches) {}

  Response get(const Request& request, const Route& route, const std::string& project);
  Response list(const Request& request, const Route& route, const std::string& project);
  Response remove(const Route& route, const std::string& project);
  Response download(const Request& request, const Route& route, const std::string& project);

 private:
  Response unknown(const Route& route, const std::string& project) const;

  Files& files_;
  Ledger& ledger_;
  const Switches& switches_;
};

}  // namespace batchd::emulator
