// The options of the command line. All have defaults: the emulator needs no configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emulator/base/switches.h"

namespace batchd::emulator {

constexpr int kTierMax = 3;  // the provider's tiers are 1 to 3

struct Options {
  std::uint16_t port = 0;           // 0 takes any free one
  double job_seconds = 2;           // from create to the end of a job; the first quarter of it PENDING
  double file_seconds = 48 * 3600;  // life of uploaded files and results
  std::size_t max_jobs = 100;       // live jobs per project; a further create gets 429
  int tier = 1;                     // of all projects: their enqueued tokens per model; 0: no limit
  std::optional<std::int64_t> max_enqueued_tokens = {};  // for every model, instead of the tier's; 0: no limit
  std::string fault_file = {};                           // no faults if empty
  std::string ledger_file = {};                          // no ledger if empty
  std::vector<std::string> refused_mimes = {};           // get "Unsupported MIME type", like the built-in ones
  std::uint64_t max_file_bytes = 2ULL << 30;             // larger uploads get 400
  std::uint64_t max_storage_bytes = 20ULL << 30;         // files of a project; an upload beyond gets 429
  Switches::Settings switches = {};                      // see switches.h; they override the fault file's
};

}  // namespace batchd::emulator
