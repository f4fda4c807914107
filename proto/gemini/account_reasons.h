// What the provider's answers say about the key, its project or its service, whatever was asked for.
#pragma once

#include "proto/gemini/error.h"

namespace batchd::proto {

// Returns true if the details of the error have a reason (google.api.ErrorReason) that is surely about the key, its
// project or the service, and so about no request and no file.
bool blames_account(const ProviderError& error);

// Returns true if the message of the error is that of a bad key, whether or not its details say so. Believe it only of
// calls that carry nothing of a request: elsewhere the words may be quoted from one.
bool sounds_like_bad_key(const ProviderError& error);

}  // namespace batchd::proto
