// Reads the response of a succeeded request from the store, piece by piece. A caller that reads slowly has no more than
// a piece in memory for long (chunk_seats.h).
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
  // Returns the next piece, at most kPieceBytes; the digest of its chunk has been checked. Errc::corrupt if the digest
  // doesn't match, Errc::not_found if the response was purged meanwhile, Errc::stopping if the daemon stops.
  Task<core::Result<std::string>> next();
  bool finished() const { return at_ >= end_; }

  // At most what a writable socket accepts in one call: what it doesn't accept waits in memory.
  static constexpr std::int64_t kPieceBytes = 16 << 10;

 private:
  StoreClient& store_;
  ChunkSeats::Seat seat_;
  core::BodyRef line_;
  std::int64_t at_, end_;  // of the unread part of the response in the stored line
};

// Reads the whole response and discards it. Fails as next() does.
Task<core::Result<void>> check_response(Engine& engine, core::OwnerId owner, const core::RequestView& request);

enum class Lines : std::uint8_t {
  verbatim,  // the response as it is: it has no newline, since it was stored as a line
  escaped,   // nothing in it ends a line for any reader of server-sent events
};
enum class Written : std::uint8_t {
  all,
  nothing,  // purged or corrupt: `error` says which; the stream is as it was
  cut,      // the stream is broken and can only be closed
};
struct ResponseWritten {
  Written written = Written::all;
  core::Errc error{};  // if `written` is `nothing`
};
// Sends one whole answer: prefix, the response's bytes, suffix. After `nothing` the exchange can still be answered.
// After a later error the connection is closed before the announced length is reached.
Task<ResponseWritten> answer_around_response(Exchange& exchange, Engine& engine, ReplyHead head, std::string prefix,
                                             const core::RequestView& request, std::string suffix);
// Writes the same into a stream that has begun (Exchange::begin_stream).
Task<ResponseWritten> write_around_response(Exchange& exchange, Engine& engine, std::string prefix,
                                            const core::RequestView& request, std::string suffix, Lines lines);

}  // namespace batchd::daemon
