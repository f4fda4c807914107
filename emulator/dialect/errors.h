// Error answers with the provider's messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "emulator/server/http.h"

namespace batchd::emulator {

// Returns {"error":{"code","message","status"[,"details"]}} with the status name that belongs to the HTTP code.
Response google_error(int http_status, std::string_view message, std::string_view details_json = {});

// Does the same with a status name that needn't belong to the code.
Response error_as(std::string_view status, int http_status, std::string_view message,
                  std::string_view details_json = {});

// Returns "INVALID_ARGUMENT" for 400, and so on.
std::string_view status_name(int http_status);
// Returns "Bad Request" for 400, and so on.
std::string_view reason_phrase(int http_status);
// Returns the provider's usual message for this HTTP status.
std::string_view usual_message(int http_status);

Response failed_precondition(std::string_view message);  // 400, but not an invalid argument
Response no_billing();                                   // a create of an account that has to pay first
Response no_location();                                  // a call from where the provider doesn't serve
// Refuses an upload because a project's files may have only `bytes_max` bytes together.
Response storage_full(std::uint64_t bytes_max);
Response no_key();
Response bad_key();
Response no_such_file(std::string_view file_id);  // also: expired, or another project's
Response not_active(std::string_view file_id);    // the file is PROCESSING, or FAILED
Response no_such_entity();
Response no_such_model(std::string_view model, std::string_view version, std::string_view method);
Response payload_too_large(std::uint64_t bytes_max = 20971520);
Response not_json(std::string_view why);

}  // namespace batchd::emulator
