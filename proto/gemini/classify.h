// Decides what an unsuccessful answer of the provider means. This is decided nowhere else (docs/architecture.md, "what
// came back"), and only by structure: HTTP status, google.rpc.Code, the reasons among the details, and the numbers of
// lines where the provider puts them. Words decide nothing, since they may quote what somebody's request says.
#pragma once

#include <cstdint>

#include "core/provider.h"

namespace batchd::proto {

enum class CallKind : std::uint8_t {
  create,        // the only call that costs money: any answer that isn't surely a refusal is unclear
  upload_start,  // opens an upload session
  upload_data,   // sends bytes, finalizes, or asks how much has arrived
  find,          // lists jobs, files, ...
  poll,          // reads a job
  results,       // downloads a file, or a job with its results
  cancel,
  check_file,       // reads a file's metadata
  remove_file,      // deletes a file
  check_model,      // reads a model's description
  check_reference,  // reads what a request names: a file, a cache
  check_account,
};

// Returns what an event means that proves nothing by itself. A create that was sent as a whole is unclear. One that was
// not is not_sent, even if an answer came early: no server takes a request for complete that is shorter than its
// Content-Length. Any other call is transient, and not_sent only if not one byte of it was written.
core::Fault::Kind unproven(CallKind call, const core::HttpEvent& event);

// Returns the fault that the answer means. Also for a 2xx that could not be read, or that carries an error. A refusal
// in the provider's own form carries the error that the requests' owners are told.
core::Fault classify(CallKind call, const core::HttpEvent& event);

// Returns true for a 403 in the provider's own form that isn't surely about the key. For something that has a name it
// means either "there is no such thing" or "this key is in trouble", in words like "You do not have permission to
// access the File ... or it may not exist" (files.get, files.delete). Absence finds out which.
bool is_forbidden(const core::HttpEvent& event);

}  // namespace batchd::proto
