// The response of a succeeded request on its way to a caller, piece by piece from the store. A caller that reads slowly
// has no more than a piece in memory for long (chunk_seats.h).
#pragma once

#include <string>

#include "core/types.h"
#include "daemon/engine/chunk_seats.h"
#include "daemon/engine/engine.h"
#include "daemon/http/http_server.h"

namespace batchd::daemon {

class ResponseReader {
 public:
  ResponseReader(Engine& engine, core::OwnerId owner, const core::RequestView& request);
  // The next piece, at most kPieceBytes; its chunk has been compared with its digest. Errc::corrupt; Errc::not_found:
  // purged meanwhile; Errc::stopping.
  Task<core::Result<std::string>> next();
  bool finished() const { return at_ >= end_; }

  // No more than a socket takes at once that says it takes anything: what it doesn't take waits in memory.
  static constexpr std::int64_t kPieceBytes = 16 << 10;

 private:
  StoreClient& store_;
  ChunkSeats::Seat seat_;
  core::BodyRef line_;
  std::int64_t at_, end_;  // of what is left of the response in the stored line
};

// Reads all of it and gives it to nobody. Errors as of next().
Task<core::Result<void>> check_response(Engine& engine, core::OwnerId owner, const core::RequestView& request);

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
Task<ResponseWritten> answer_around_response(Exchange& exchange, Engine& engine, ReplyHead head, std::string prefix,
                                             const core::RequestView& request, std::string suffix);
// The same within a stream that has begun (Exchange::begin_stream).
Task<ResponseWritten> write_around_response(Exchange& exchange, Engine& engine, std::string prefix,
                                            const core::RequestView& request, std::string suffix, Lines lines);

}  // namespace batchd::daemon
