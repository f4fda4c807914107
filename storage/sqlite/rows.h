// What the verbs of SqliteStore read from rows and pass to each other. Private to storage/sqlite/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/limits.h"
#include "core/store.h"

namespace batchd::storage {

inline constexpr std::int64_t kChunksPerBody = 512;  // room for a result line of kResultLineBytesMax, twice
static_assert(core::kResultLineBytesMax / static_cast<std::int64_t>(core::kChunkBytesMax) <= kChunksPerBody);
// Rows that a verb may read and then change: each is touched twice.
inline constexpr int kVerbWrites = core::kVerbRowsMax / 2;

// A chunk's row, the digest that is stored with its bytes, and the number of chunks of a body. bodies.cpp
std::int64_t chunk_row(core::BodyId body, std::int64_t index);
std::int64_t chunk_digest(std::int64_t row, std::string_view bytes);
std::int64_t chunks_of(std::int64_t body_bytes);

// A batch as it is stored.
struct BatchRow : core::Batch {
  std::optional<core::SplitRule> split_rule;  // set by the first split(), kept to by those that follow
  // halve: how many members the first child gets. Cuts between owners: owners below this id go to the first of the two
  // children; 0: they aren't divided.
  std::int64_t split_first = 0;
  std::int64_t split_owners = 0;  // how many owners it had when the split began
  bool charged = false;           // a create of this batch is counted on its part of the lineage
};

// Where in a bulk submission a request stands.
struct PlaceInGroup {
  std::int64_t group = 0;  // the row of table request_group
  std::int64_t line = 0;
};

// Values of column request.held: what kind of open call a request answers. Only with `nobody` it can be in a channel.
enum class AnswersTo : std::uint8_t {
  nobody = 0,
  call = 1,  // an attached call, or an orphan: it has a row in held_call until it is over
  key = 2,   // a call that its caller repeats with the same idempotency key
};

// What is read of a member that ends or moves.
struct Member {
  core::RequestId id;
  core::OwnerId owner;
  int attempts = 0;
  std::int64_t body_bytes = 0, tokens = 0;
};

// What is read of a request that ends before any result.
struct Unfinished {
  core::RequestId id;
  core::OwnerId owner;
  core::LaneId lane;
  core::RequestState state = core::RequestState::queued;  // or packed
  core::BatchId batch;                                    // if packed: its batch
  std::int64_t body_bytes = 0, tokens = 0;
};
// Batches that a verb changes, each read once and written once.
using Touched = std::map<core::BatchId, BatchRow>;

// Where a run of purge() stands. A run is a sequence of calls that looks at everything once, kind after kind; rows that
// must stay aren't looked at again in the same run.
struct PurgeWalk {
  std::size_t kind = 0;
  // The last row of this kind that was looked at, if `begun`.
  bool begun = false;
  core::WallTime time;
  std::int64_t id = 0;
};
struct PurgeBudget {
  std::int64_t rows = core::kVerbRowsMax;
  std::int64_t bytes = static_cast<std::int64_t>(core::kVerbBytesMax);
  std::int64_t requests = 0;  // removed so far
  bool spent() const { return rows <= 0 || bytes <= 0; }
};
// What is read of a request that is removed.
struct Doomed {
  core::RequestId id;
  core::OwnerId owner;
  core::RequestState state = core::RequestState::succeeded;
  core::BodyRef body, result;
};

// Upload rows whose batch is missing, and up to which batch id all upload rows have been looked at.
struct AuditedUploads {
  std::vector<core::BatchId> without_batch;  // ascending, each once
  std::int64_t up_to = INT64_MAX;
};
// What is known of a body whose bytes weren't read.
struct AuditedBody {
  std::int64_t chunks = 0;
  bool whole = false;
};

inline void add_end(core::Recorded& recorded, core::RequestId request, core::OwnerId owner, core::RequestState end) {
  recorded.finished.push_back(request);
  recorded.owners.push_back(owner);
  ++recorded.ends.at(static_cast<std::size_t>(end));
}

}  // namespace batchd::storage
