// What the command line says. Everything here has a default: an emulator needs no configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/base/switches.h"

namespace batchd::emulator {

struct Options {
  std::uint16_t port = 0;                         // 0: any free one
  double job_seconds = 2;                         // from create to the end of a job; the first quarter of it PENDING
  double file_seconds = 48 * 3600;                // life of uploaded files and results
  std::size_t max_jobs = 100;                     // live jobs per project; one more: 429
  std::int64_t max_enqueued_tokens = 0;           // in live jobs per project and model, more: 429; 0: any number
  std::string fault_file = {};                    // empty: no faults
  std::string ledger_file = {};                   // empty: no ledger
  std::vector<std::string> refused_mimes = {};    // answered "Unsupported MIME type", besides the built-in ones
  std::uint64_t max_file_bytes = 2ULL << 30;      // larger uploads: 400
  std::uint64_t max_storage_bytes = 20ULL << 30;  // files of a project; an upload beyond: 429
  Switches::Settings switches = {};               // see switches.h; they win over those of the fault file
};

}  // namespace batchd::emulator
