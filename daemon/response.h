// The response of a succeeded request on its way to a caller, chunk by chunk from the store.
#pragma once

#include <string>

#include "core/types.h"
#include "daemon/http_server.h"
#include "daemon/store_client.h"

namespace batchd::daemon {

class ResponseReader {
 public:
  ResponseReader(StoreClient& store, const core::RequestView& request);
  // The next piece, at most a chunk. Errc::corrupt; Errc::not_found: purged meanwhile.
  Task<core::Result<std::string>> next();
  bool finished() const;

 private:
  StoreClient& store_;
  core::BodyId body_;
  std::int64_t begin_, end_;  // of the response in the stored line
  std::int64_t index_;        // of the next chunk
};

// Reads all of it and gives it to nobody. Errors as of next().
Task<core::Result<void>> check_response(StoreClient& store, const core::RequestView& request);

enum class Lines : std::uint8_t {
  verbatim,  // the response as it is: it holds no newline, since it was stored as a line
  escaped,   // nothing in it ends a line for any reader of server-sent events
};
enum class Written : std::uint8_t {
  all,
  nothing,  // purged or corrupt: `error` says which; the stream is as it was
  cut,      // the stream is broken and can only be closed
};
struct ResponseWritten {
  Written written = Written::all;
  core::Errc error{};  // of `nothing`
};
// One whole answer: prefix, the response's bytes, suffix. After `nothing` the exchange can still be answered; after
// trouble later the connection is closed short of its length.
Task<ResponseWritten> answer_around_response(Exchange& exchange, StoreClient& store, ReplyHead head, std::string prefix,
                                             const core::RequestView& request, std::string suffix);
// The same within a stream that has begun (Exchange::begin_stream).
Task<ResponseWritten> write_around_response(Exchange& exchange, StoreClient& store, std::string prefix,
                                            const core::RequestView& request, std::string suffix, Lines lines);

}  // namespace batchd::daemon
