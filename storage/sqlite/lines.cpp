#include "storage/sqlite/impl.h"

namespace batchd::storage {

core::Result<core::LinePieces> SqliteStore::read_lines(core::BatchId batch, const core::LineCursor& cursor) {
  return verb([&] {
    core::LinePieces out;
    std::size_t bytes = 0;
    const bool inside = static_cast<bool>(cursor.current);
    // If a member was read in part, the range begins with its id.
    const auto from = inside ? cursor.current.value() : cursor.after.value() + 1;
    auto rows =
        db_->query("SELECT id, body, body_bytes FROM request WHERE batch = ? AND id >= ? ORDER BY id", batch, from);
    while (rows.row()) {
      const auto id = rows.id<core::RequestId>(0);
      const auto chunks = chunks_of(rows.integer(2));
      for (auto index = inside && id == cursor.current ? cursor.chunk : 0; index < chunks; ++index) {
        if (bytes >= core::kVerbBytesMax || out.pieces.size() >= core::kVerbRowsMax) {
          out.next =
              index == 0 ? core::LineCursor{core::RequestId{id.value() - 1}, {}, 0} : core::LineCursor{id, id, index};
          return out;
        }
        out.pieces.push_back({id, index == 0, index + 1 == chunks, get_chunk(rows.id<core::BodyId>(1), index)});
        bytes += out.pieces.back().bytes.size();
      }
    }
    return out;
  });
}

core::Result<core::LineSeek> SqliteStore::seek_line(core::BatchId batch, std::int64_t offset, std::int64_t frame_bytes,
                                                    const core::LineSeek& from) {
  return verb([&] {
    core::LineSeek at = from;
    at.found = false;
    int looked_at = 0;
    auto rows = db_->query("SELECT id, body_bytes FROM request WHERE batch = ? AND id > ? ORDER BY id", batch,
                           from.cursor.after.value());
    while (rows.row()) {
      const auto after_it = at.line_offset + rows.integer(1) + frame_bytes;
      if (offset < after_it) {
        at.found = true;
        return at;
      }
      at.cursor.after = rows.id<core::RequestId>(0);
      at.line_offset = after_it;
      if (++looked_at == core::kVerbRowsMax) return at;
    }
    if (offset != at.line_offset) refuse(core::Errc::invalid, "the batch has fewer bytes than that");
    at.found = true;  // exactly the end of the JSONL: no line is left to read
    return at;
  });
}

}  // namespace batchd::storage
