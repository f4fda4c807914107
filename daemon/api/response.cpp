#include "daemon/api/response.h"

#include <algorithm>

#include "core/limits.h"
#include "daemon/api/reply.h"
#include "proto/json/one_line.h"

namespace batchd::daemon {
namespace {

constexpr auto kChunk = static_cast<std::int64_t>(core::kChunkBytesMax);
constexpr std::int64_t kBytesWithoutSeat = 64 << 10;  // a stored line up to this length is read without a seat

}  // namespace

ResponseReader::ResponseReader(Engine& engine, core::OwnerId owner, const core::RequestView& request)
    : store_(engine.store),
      seat_(engine.chunk_seats, owner),
      line_(request.result),
      at_(request.value_offset),
      end_(request.value_offset + request.value_bytes) {}

Task<core::Result<std::string>> ResponseReader::next() {
  const bool small = line_.bytes <= kBytesWithoutSeat;
  if (!small && !seat_.seated()) {
    const bool seated = co_await seat_.sit();
    if (!seated) co_return core::Error{core::Errc::stopping, ""};
  }
  const auto index = at_ / kChunk;
  if (seat_.chunk.empty()) {
    auto chunk = co_await store_.read(&core::Store::read_chunk, line_.id, index);
    if (!chunk) seat_.leave();
    if (!chunk) co_return chunk;
    seat_.chunk = std::move(*chunk);
  }
  const auto chunk_end = std::min(end_, index * kChunk + std::ssize(seat_.chunk));
  const auto bytes = std::max(std::min(chunk_end - at_, kPieceBytes), std::int64_t{0});
  const std::string_view chunk = seat_.chunk;
  std::string piece(chunk.substr(std::min(chunk.size(), static_cast<std::size_t>(at_ - index * kChunk)),
                                 static_cast<std::size_t>(bytes)));
  at_ += bytes;
  if (piece.empty() && at_ < end_) co_return core::Error{core::Errc::corrupt, "a result is shorter than it was"};
  if (at_ == end_ || at_ % kChunk == 0)
    seat_.leave();
  else
    seat_.rest();
  co_return piece;
}

std::string ResponseCheck::finish() {
  const bool good = valid_ && validator_.finish();
  return good ? std::string() : json::not_json(validator_.fault());
}

Task<core::Result<void>> EmbeddedResponse::check() {
  ResponseCheck check;
  ResponseReader reader(engine_, owner_, request_);
  const bool small = request_.value_bytes <= ResponseReader::kPieceBytes;
  while (!reader.finished()) {
    const auto piece = co_await reader.next();
    if (!piece) co_return piece.error();
    check.feed(*piece);
    if (small) kept_ += *piece;
  }
  fault_ = check.finish();
  if (!small) reader_.emplace(engine_, owner_, request_);
  co_return core::Result<void>();
}

std::int64_t EmbeddedResponse::bytes() const {
  return fault_.empty() ? request_.value_bytes : json::base64_text_bytes(request_.value_bytes);
}

Task<core::Result<std::string>> EmbeddedResponse::next() {
  core::Result<std::string> piece = std::string();
  if (reader_) {
    piece = co_await reader_->next();
  } else {
    piece->swap(kept_);
    given_ = true;
  }
  if (!piece || fault_.empty()) co_return piece;
  auto text = base64_.take(*piece);
  if (finished()) text += base64_.finish();
  co_return text;
}

Task<ResponseWritten> answer_around_response(Exchange& exchange, EmbeddedResponse& response, ReplyHead head,
                                             std::string prefix, std::string suffix) {
  const auto bytes = std::ssize(prefix) + response.bytes() + std::ssize(suffix);
  auto piece = co_await response.next();
  if (!piece) co_return ResponseWritten{Written::nothing, piece.error().code};
  prefix += *piece;
  if (response.finished()) {
    prefix += suffix;
    const bool taken = co_await exchange.reply(std::move(head), std::move(prefix));
    co_return ResponseWritten{taken ? Written::all : Written::cut};
  }
  bool open = co_await exchange.begin_reply(std::move(head), bytes);
  std::string().swap(*piece);  // an assignment would keep its capacity
  if (open) open = co_await exchange.write(prefix);
  std::string().swap(prefix);
  while (open && !response.finished()) {
    open = co_await exchange.writable();
    if (!open) co_return ResponseWritten{Written::cut};
    piece = co_await response.next();
    if (!piece) co_return ResponseWritten{Written::cut};
    open = co_await exchange.write(*piece);
    std::string().swap(*piece);
  }
  if (open) open = co_await exchange.write(suffix);
  co_return ResponseWritten{open ? Written::all : Written::cut};
}

Task<ResponseWritten> write_around_response(Exchange& exchange, EmbeddedResponse& response, std::string prefix,
                                            std::string suffix) {
  json::OneLine escape;
  if (!co_await exchange.writable()) co_return ResponseWritten{Written::cut};
  auto piece = co_await response.next();
  if (!piece) co_return ResponseWritten{Written::nothing, piece.error().code};
  for (;;) {
    prefix += escape.take(*piece);
    if (response.finished()) prefix += escape.finish() + suffix;
    std::string().swap(*piece);  // an assignment would keep its capacity
    bool open = co_await exchange.write(prefix);
    if (open && response.finished()) co_return ResponseWritten{};
    std::string().swap(prefix);
    if (open) open = co_await exchange.writable();
    if (!open) co_return ResponseWritten{Written::cut};
    piece = co_await response.next();
    if (!piece) co_return ResponseWritten{Written::cut};
  }
}

}  // namespace batchd::daemon
