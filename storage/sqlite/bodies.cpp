// Bodies in chunks. Chunk rows are only ever appended and deleted, never changed.
#include <xxhash.h>

#include "storage/sqlite/impl.h"

namespace batchd::storage {
namespace {

constexpr std::int64_t kGarbageChunksPerStep = 8;

}  // namespace

std::int64_t chunk_row(core::BodyId body, std::int64_t index) {
  CHECK(index >= 0 && index < kChunksPerBody);
  return body.value() * kChunksPerBody + index;
}

// Seeded with the row, so that a chunk in another chunk's place is noticed, too.
std::int64_t chunk_digest(std::int64_t row, std::string_view bytes) {
  return static_cast<std::int64_t>(XXH3_64bits_withSeed(bytes.data(), bytes.size(), static_cast<XXH64_hash_t>(row)));
}

std::int64_t chunks_of(std::int64_t body_bytes) {
  constexpr auto kChunk = static_cast<std::int64_t>(core::kChunkBytesMax);
  return body_bytes == 0 ? 1 : (body_bytes + kChunk - 1) / kChunk;
}

void SqliteStore::put_chunk(core::BodyId body, std::int64_t index, std::string_view bytes) {
  CHECK(bytes.size() <= core::kChunkBytesMax);
  const auto row = chunk_row(body, index);
  db_->run("INSERT INTO chunk(id, digest, data) VALUES(?, ?, ?)", row, chunk_digest(row, bytes), Blob{bytes});
}

std::string SqliteStore::get_chunk(core::BodyId body, std::int64_t index) {
  const auto row = chunk_row(body, index);
  auto chunk = db_->query("SELECT digest, data FROM chunk WHERE id = ?", row);
  if (!chunk.row()) refuse(core::Errc::not_found, "no such chunk of a body");
  if (chunk_digest(row, chunk.bytes(1)) != chunk.integer(0))
    refuse(core::Errc::corrupt, "chunk " + std::to_string(row) + " doesn't match its digest");
  return chunk.text(1);
}

core::BodyRef SqliteStore::put_body(std::string_view bytes) {
  const core::BodyRef body{next_body(), static_cast<std::int64_t>(bytes.size())};
  std::int64_t index = 0;
  do {
    put_chunk(body.id, index++, bytes.substr(0, core::kChunkBytesMax));
    bytes.remove_prefix(std::min(bytes.size(), core::kChunkBytesMax));
  } while (!bytes.empty());
  return body;
}

core::BodyRef SqliteStore::adopt_spooled(core::BodyId spooled) {
  core::BodyRef body{spooled, 0};
  auto purpose = core::SpoolPurpose::result;
  core::OwnerId owner;
  {
    auto row = db_->query("SELECT bytes, purpose, owner FROM stage WHERE body = ?", spooled);
    if (!row.row()) refuse(core::Errc::not_found, "no such spooled body");
    body.bytes = row.integer(0);
    purpose = row.state<core::SpoolPurpose>(1);
    owner = row.id<core::OwnerId>(2);
  }
  db_->run("DELETE FROM stage WHERE body = ?", spooled);
  if (purpose == core::SpoolPurpose::request) count_spooled(owner, -body.bytes);
  return body;
}

void SqliteStore::drop_body(core::BodyRef body) {
  if (!body.id) return;
  if (body.bytes > static_cast<std::int64_t>(core::kChunkBytesMax))
    db_->run("INSERT INTO garbage(body) VALUES(?)", body.id);
  else
    db_->run("DELETE FROM chunk WHERE id = ?", chunk_row(body.id, 0));
}

bool SqliteStore::drop_garbage() {
  core::BodyId body;
  {
    auto oldest = db_->query("SELECT body FROM garbage ORDER BY body LIMIT 1");
    if (!oldest.row()) return false;
    body = oldest.id<core::BodyId>(0);
  }
  const auto dropped = db_->run("DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE id BETWEEN ? AND ? LIMIT ?)",
                                chunk_row(body, 0), chunk_row(body, kChunksPerBody - 1), kGarbageChunksPerStep);
  if (dropped < kGarbageChunksPerStep) db_->run("DELETE FROM garbage WHERE body = ?", body);
  return true;
}

}  // namespace batchd::storage
