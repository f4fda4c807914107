#include "emulator/emulator.h"

#include <stdexcept>

#include "emulator/gemini/api.h"
#include "emulator/gemini/uploads.h"
#include "emulator/jobs/jobs.h"
#include "emulator/server/http_server.h"

namespace batchd::emulator {

namespace {

Switches initial(const FaultFile& file, const Options& options) {
  Switches switches;
  switches.set(file.switches);
  switches.set(options.switches);
  return switches;
}

}  // namespace

struct Emulator::Parts {
  Parts(asio::io_context& context, const Options& options, FaultFile file)
      : switches(initial(file, options)),
        ledger(options.ledger_file),
        faults(std::move(file)),
        tasks(context),
        files(options.file_seconds, switches),
        uploads(files, ledger, switches, {options.refused_mimes, options.max_file_bytes, options.max_storage_bytes}),
        jobs(tasks, files, faults, ledger, switches,
             {options.job_seconds, options.max_jobs, options.tier, options.max_enqueued_tokens}),
        caches(switches),
        batches(files, caches, jobs, faults, ledger, switches, options.job_seconds),
        api(uploads, files, caches, batches, faults, ledger, switches),
        server(tasks, api, options.port) {}

  Switches switches;
  Ledger ledger;
  Faults faults;
  Tasks tasks;
  Files files;
  Uploads uploads;
  Jobs jobs;
  Caches caches;
  BatchApi batches;
  Api api;
  HttpServer server;
};

Emulator::Emulator(asio::io_context& context, const Options& options) try
    : parts_(std::make_unique<Parts>(context, options, load_fault_file(options.fault_file))) {
  parts_->server.start();
} catch (const boost::system::system_error& e) {
  throw std::runtime_error("can't listen on 127.0.0.1:" + std::to_string(options.port) + ": " + e.code().message());
}

Emulator::~Emulator() = default;

std::uint16_t Emulator::port() const { return parts_->server.port(); }

void Emulator::stop() {
  parts_->server.stop();
  parts_->tasks.stop();
}

}  // namespace batchd::emulator
