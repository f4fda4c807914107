#include "daemon/response.h"

#include <algorithm>

#include "core/limits.h"
#include "daemon/api.h"
#include "proto/sse.h"

namespace batchd::daemon {
namespace {

constexpr auto kChunk = static_cast<std::int64_t>(core::kChunkBytesMax);

}  // namespace

ResponseReader::ResponseReader(StoreClient& store, const core::RequestView& request)
    : store_(store),
      body_(request.result.id),
      begin_(request.value_offset),
      end_(request.value_offset + request.value_bytes),
      index_(request.value_offset / kChunk) {}

bool ResponseReader::finished() const { return index_ * kChunk >= end_; }

Task<core::Result<std::string>> ResponseReader::next() {
  auto chunk = co_await store_.read(&core::Store::read_chunk, body_, index_);
  if (!chunk) co_return chunk;
  const auto from = std::max(begin_ - index_ * kChunk, std::int64_t{0});
  const auto to = std::min(end_ - index_ * kChunk, std::ssize(*chunk));
  ++index_;
  chunk->resize(static_cast<std::size_t>(to));
  chunk->erase(0, static_cast<std::size_t>(from));
  co_return chunk;
}

Task<core::Result<void>> check_response(StoreClient& store, const core::RequestView& request) {
  ResponseReader response(store, request);
  while (!response.finished()) {
    const auto piece = co_await response.next();
    if (!piece) co_return piece.error();
  }
  co_return core::Result<void>();
}

Task<ResponseWritten> answer_around_response(Exchange& exchange, StoreClient& store, ReplyHead head, std::string prefix,
                                             const core::RequestView& request, std::string suffix) {
  ResponseReader response(store, request);
  const auto bytes = std::ssize(prefix) + request.value_bytes + std::ssize(suffix);
  auto piece = co_await response.next();
  if (!piece) co_return ResponseWritten{Written::nothing, piece.error().code};
  prefix += *piece;
  if (response.finished()) {
    prefix += suffix;
    const bool taken = co_await exchange.reply(std::move(head), std::move(prefix));
    co_return ResponseWritten{taken ? Written::all : Written::cut};
  }
  bool open = co_await exchange.begin_reply(std::move(head), bytes);
  if (open) open = co_await exchange.write(prefix);
  prefix = {};
  while (open && !response.finished()) {
    piece = co_await response.next();
    if (!piece) co_return ResponseWritten{Written::cut};
    open = co_await exchange.write(*piece);
  }
  if (open) open = co_await exchange.write(suffix);
  co_return ResponseWritten{open ? Written::all : Written::cut};
}

Task<ResponseWritten> write_around_response(Exchange& exchange, StoreClient& store, std::string prefix,
                                            const core::RequestView& request, std::string suffix, Lines lines) {
  ResponseReader response(store, request);
  proto::OneLine escape;
  auto piece = co_await response.next();
  if (!piece) co_return ResponseWritten{Written::nothing, piece.error().code};
  for (;;) {
    prefix += lines == Lines::escaped ? escape.take(*piece) : *piece;
    if (response.finished()) prefix += escape.finish() + suffix;
    const bool open = co_await exchange.write(prefix);
    if (!open) co_return ResponseWritten{Written::cut};
    if (response.finished()) co_return ResponseWritten{};
    prefix.clear();
    piece = co_await response.next();
    if (!piece) co_return ResponseWritten{Written::cut};
  }
}

}  // namespace batchd::daemon
