#include "daemon/stages/line_source.h"

#include <algorithm>

namespace batchd::daemon {

class LineSource::Slice final : public ByteSource {
 public:
  Slice(LineSource& lines, core::BatchSlice slice)
      : store_(lines.store_),
        provider_(lines.provider_),
        lane_(lines.lane_),
        slice_(slice),
        left_(slice.bytes),
        corrupt_(lines.corrupt_) {}

  Task<core::Result<std::string>> next() override {
    if (left_ == 0) co_return std::string();
    if (!positioned_) {
      if (auto found = co_await position(); !found) co_return found.error();
    }
    std::string bytes;
    while (bytes.empty() && cursor_) {
      auto read = co_await store_.read(&core::Store::read_lines, slice_.batch, *cursor_);
      if (!read) {
        const auto code = read.error().code;
        corrupt_ = corrupt_ || code == core::Errc::corrupt || code == core::Errc::not_found;
        co_return read.error();
      }
      cursor_ = read->next;
      for (const auto& piece : read->pieces) append(bytes, piece);
      const auto skipped = std::min<std::int64_t>(skip_, static_cast<std::int64_t>(bytes.size()));
      bytes.erase(0, static_cast<std::size_t>(skipped));
      skip_ -= skipped;
    }
    if (static_cast<std::int64_t>(bytes.size()) > left_) bytes.resize(static_cast<std::size_t>(left_));
    left_ -= static_cast<std::int64_t>(bytes.size());
    co_return bytes;
  }

 private:
  // Finds the line that holds the slice's first byte; the bytes before it are skipped when the line is read.
  Task<core::Result<void>> position() {
    core::LineSeek seek;
    while (!seek.found) {
      auto step = co_await store_.read(&core::Store::seek_line, slice_.batch, slice_.offset,
                                       provider_.frame_bytes(lane_), seek);
      if (!step) co_return step.error();
      seek = *step;
    }
    cursor_ = seek.cursor;
    skip_ = slice_.offset - seek.line_offset;
    positioned_ = true;
    co_return core::Result<void>();
  }

  void append(std::string& bytes, const core::LinePiece& piece) const {
    if (!piece.first && !piece.last) {
      bytes += piece.bytes;
      return;
    }
    const auto frame = provider_.line_frame(lane_, slice_.batch, piece.request);
    if (piece.first) bytes += frame.prefix;
    bytes += piece.bytes;
    if (piece.last) bytes += frame.suffix;
  }

  StoreClient& store_;
  const core::Provider& provider_;
  const core::Lane& lane_;
  core::BatchSlice slice_;
  std::int64_t left_;
  bool& corrupt_;
  std::int64_t skip_ = 0;
  bool positioned_ = false;
  std::optional<core::LineCursor> cursor_;
};

std::unique_ptr<ByteSource> LineSource::open(const core::BatchSlice& slice) {
  return std::make_unique<Slice>(*this, slice);
}

core::Fault damaged_request() {
  const std::string words = "the stored request is damaged (digest mismatch)";
  return {.kind = core::Fault::Kind::refused,
          .message = words,
          .error = core::own_error(core::ErrorClass::data_lost, words)};
}

}  // namespace batchd::daemon
