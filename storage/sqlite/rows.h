// What the verbs of SqliteStore read of a row, change, and hand to each other. Private to storage/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/limits.h"
#include "core/store.h"

namespace batchd::storage {

// A batch as it is stored.
struct BatchRow : core::Batch {
  std::optional<core::SplitRule> split_rule;  // set by the first split(): a continuation keeps to it
  std::int64_t split_first = 0;               // halve: members of the first child
};

// The column request.held: whose calls a request's result waits for. But for `nobody` it is in no channel.
enum class AnswersTo : std::uint8_t {
  nobody = 0,
  call = 1,  // which was open, or is an orphan: a row of held_call
  key = 2,   // which its caller repeats
};

// What an end or a move needs to know of a member.
struct Member {
  core::RequestId id;
  core::OwnerId owner;
  int attempts = 0;
  std::int64_t body_bytes = 0, tokens = 0;
};

// What an end before any result needs to know of a request.
struct Unfinished {
  core::RequestId id;
  core::OwnerId owner;
  core::LaneId lane;
  core::RequestState state = core::RequestState::queued;  // or packed
  core::BatchId batch;                                    // packed: of which batch
  std::int64_t body_bytes = 0, tokens = 0;
};
// Batches that a verb changes, each read once and written once.
using Touched = std::map<core::BatchId, BatchRow>;

// Where a run of purge() stands: a run is a sequence of calls that looks at everything once, kind after kind. What must
// stay is not looked at again by the run's next call.
struct PurgeWalk {
  std::size_t kind = 0;
  // The last row of this kind that was looked at; at first, none was.
  bool begun = false;
  core::WallTime time;
  std::int64_t id = 0;
};
struct PurgeBudget {
  std::int64_t rows = core::kVerbRowsMax;
  std::int64_t bytes = static_cast<std::int64_t>(core::kVerbBytesMax);
  std::int64_t requests = 0;  // that have gone by now
  bool spent() const { return rows <= 0 || bytes <= 0; }
};
// What has to be known of a request that goes.
struct Doomed {
  core::RequestId id;
  core::OwnerId owner;
  core::RequestState state = core::RequestState::succeeded;
  core::BodyRef body, result;
};

// Of a body that is looked at without its bytes.
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
