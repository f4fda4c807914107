// Recognises calls. Paths of the versions v1, v1beta and v1alpha are the same calls.
#pragma once

#include <string>

#include "emulator/faults/faults.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

enum class Call {
  unknown,
  upload_start,
  upload_whole,
  upload_chunk,
  upload_query,
  upload_cancel,
  file_get,
  file_list,
  file_delete,
  download,
  create,
  generate,
  generate_stream,
  embed,
  embed_many,
  count_tokens,
  batch_get,
  batch_list,
  batch_cancel,
  batch_delete,
  model_get,
  model_list,
  cache_create,
  cache_get,
  cache_list,
  cache_delete,
  set_faults,  // from here on calls of the emulator's own
  set_switches,
  get_switches
};

struct Route {
  Call call = Call::unknown;
  std::string version;   // "v1beta"
  std::string resource;  // id of the file, batch or model; for an unknown method of a model, the model
  std::string method;    // the text after ':'
};

Route route(const Request& request);

// Returns what a fault rule calls this call; `any` for calls that only `any` watches.
On watched_as(Call call);

}  // namespace batchd::emulator
