// Reads the response of a succeeded request from the store, piece by piece, and puts it into answers. A caller that
// reads slowly has no more than a piece in memory for long (chunk_seats.h).
#pragma once

#include <optional>
#include <string>

#include "core/types.h"
#include "daemon/engine/chunk_seats.h"
#include "daemon/engine/engine.h"
#include "daemon/http/http_server.h"
#include "proto/json/base64.h"
#include "proto/json/validator.h"

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

// Finds out whether a response is JSON that every reader takes, as a value in the document around it: strict JSON in
// UTF-8, without lone surrogates, nested at most kResponseDepthMax deep, no number longer than kResponseNumberBytesMax.
// A number beyond the range of a double (1e400) is JSON.
class ResponseCheck {
 public:
  void feed(std::string_view piece) { valid_ = valid_ && validator_.feed(piece); }
  // Returns what is wrong with all that was fed; empty if nothing is.
  std::string finish();

 private:
  static constexpr std::size_t kResponseDepthMax = 96;  // readers that limit it take 100 or more, ours included
  static constexpr std::size_t kResponseNumberBytesMax = 1000;

  bool valid_ = true;
  json::Validator validator_{
      {.depth_max = kResponseDepthMax, .plain_numbers = false, .number_bytes_max = kResponseNumberBytesMax}};
};

// A response as it goes into an answer: byte for byte, or in base64 if it isn't JSON, since it could break the document
// around it.
class EmbeddedResponse {
 public:
  EmbeddedResponse(Engine& engine, core::OwnerId owner, const core::RequestView& request)
      : engine_(engine), owner_(owner), request_(request) {}  // `request` must outlive this
  EmbeddedResponse(const EmbeddedResponse&) = delete;

  // Reads the whole response. Call this once, before anything of the answer is sent. A response of at most a piece is
  // then in memory and isn't read again. Fails as ResponseReader::next() does.
  Task<core::Result<void>> check();
  // Returns what is wrong with the response (RequestForm::response_fault); empty if it goes into the answer as it is.
  const std::string& fault() const { return fault_; }
  // Returns the length of all that next() will return.
  std::int64_t bytes() const;
  // Returns the next piece as it is to be written. Fails as ResponseReader::next() does.
  Task<core::Result<std::string>> next();
  bool finished() const { return reader_ ? reader_->finished() : given_; }

 private:
  Engine& engine_;
  const core::OwnerId owner_;
  const core::RequestView& request_;
  std::string fault_;
  std::string kept_;    // the response, if it is small
  bool given_ = false;  // next() has returned it
  std::optional<ResponseReader> reader_;
  json::Base64Stream base64_;
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
// Sends one whole answer: prefix, the response, suffix. The response has been checked. After `nothing` the exchange can
// still be answered. After a later error the connection is closed before the announced length is reached.
Task<ResponseWritten> answer_around_response(Exchange& exchange, EmbeddedResponse& response, ReplyHead head,
                                             std::string prefix, std::string suffix);
// Writes the same into a stream that has begun (Exchange::begin_stream). Nothing in the response ends a line for any
// reader (json::OneLine).
Task<ResponseWritten> write_around_response(Exchange& exchange, EmbeddedResponse& response, std::string prefix,
                                            std::string suffix);

}  // namespace batchd::daemon
