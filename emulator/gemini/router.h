// Which call is it? Paths of the versions v1, v1beta and v1alpha are the same calls.
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
  set_faults,  // from here on the emulator's own
  set_switches,
  get_switches
};

struct Route {
  Call call = Call::unknown;
  std::string version;   // "v1beta"
  std::string resource;  // the id of the file, batch or model; for unknown methods of a model the model
  std::string method;    // what stood behind ':'
};

Route route(const Request& request);

// What a fault rule calls it; calls that only `any` watches are `any`.
On watched_as(Call call);

}  // namespace batchd::emulator
