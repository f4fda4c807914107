// Decides what an unsuccessful answer of the provider means. This is decided nowhere else (docs/architecture.md, "what
// came back").
#pragma once

#include <cstdint>
#include <string_view>

#include "core/provider.h"

namespace batchd::proto {

enum class CallKind : std::uint8_t {
  create,        // the only call that costs money: any answer that isn't surely a refusal is unclear
  upload_start,  // opens an upload session
  upload_data,   // sends bytes, finalizes, or asks how much has arrived
  find,          // lists jobs
  poll,          // reads a job
  results,       // downloads a file
  cancel,
  check_file,   // reads a file's metadata
  remove_file,  // deletes a file
  check_account,
};

// Returns what an event means that proves nothing by itself. A create that was sent as a whole is unclear. One that was
// not is not_sent, even if an answer came early: no server takes a request for complete that is shorter than its
// Content-Length. Any other call is transient, and not_sent only if not one byte of it was written.
core::Fault::Kind unproven(CallKind call, const core::HttpEvent& event);

// Returns the fault that the answer means. `thing` is the name ("files/...", "batches/...") that the call is about, or
// empty. Also for a 2xx that could not be read, or that carries an error. A refusal in the provider's own form carries
// the error that the requests' owners are told.
core::Fault classify(CallKind call, const core::HttpEvent& event, std::string_view thing);

}  // namespace batchd::proto
