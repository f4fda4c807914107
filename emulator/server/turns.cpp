#include "emulator/server/turns.h"

#include <boost/asio/post.hpp>

#include "proto/json/digest.h"

namespace batchd::emulator {

Task<void> Turns::spend(std::size_t bytes) {
  spent_ += bytes;
  if (spent_ < kSliceBytes) co_return;
  spent_ = 0;
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

Task<std::string> digest(const Blob& blob) {
  json::Sha256 sha;
  std::string piece(Turns::kSliceBytes, '\0');
  Turns turns;
  for (std::uint64_t at = 0; at < blob.size();) {
    const auto got = blob.read(at, piece);
    sha.update(std::string_view(piece).substr(0, got));
    at += got;
    co_await turns.spend(got);
  }
  co_return json::hex(sha.finish());
}

}  // namespace batchd::emulator
