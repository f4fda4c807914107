// What follows from a refused create: who is suspected, and what is tried next. A refusal is evidence about the members
// of the batch, never a verdict on those who may be innocent: a request fails only after the refusal of a batch in
// which it was alone, or of a batch of its own owner only that named its line. docs/architecture.md, "What a refusal
// proves".
#pragma once

#include <cstdint>
#include <optional>

#include "core/time.h"
#include "core/types.h"

namespace batchd::core {

// --- what is tried next ----------------------------------------------------------------------------------------------

// What is known of a batch that was refused, or whose job failed as a whole, before anything ran.
struct Evidence {
  RefusedFor refusal = RefusedFor::poison;  // why; not `model`, which needs no evidence
  std::int64_t items = 0;                   // requests that were in it, ended ones included
  std::int64_t owners = 0;                  // owners of those that wait
  std::int64_t named_owners = 0;            // owners of named lines that wait; `owners` only
  bool lines_failed = false;                // `lines`, `owners`: some of the members have failed by their line
  bool suspicious = false;                  // from a suspicious queue
  int creates = 0;                          // of the batch's part of the lineage
  bool late = false;                        // the bisection of the lineage has taken longer than kBisectionTimeMax
  // `unexplained`, and nothing that was asked for explains it:
  bool first_time = false;      // what was asked for may have become right after the refusal
  bool was_cut = false;         // the requests come from a batch that was cut for this reason
  bool incomplete = false;      // not all was asked for that its requests name
  bool accepted_since = false;  // since the first such refusal the account had a create accepted (accepted_lately())
};

enum class NextStep : std::uint8_t {
  fail,          // the one request at fault is alone: it fails with the provider's words
  again,         // all that wait go again together, in a batch of their own
  once_more,     // the batch is sent again as it is
  halve_owners,  // the set of owners is halved
  named_owners,  // owners of named lines go apart
  halve,         // the requests of the one owner are halved
  suspect,       // all that wait go to the owner's suspicious queue
  wait,          // the account is at fault as far as is known: all wait until it is mended
};
NextStep next_step(const Evidence& evidence);

inline constexpr Duration kBisectionTimeMax = std::chrono::hours(72);
inline constexpr std::int64_t kOwnersApartMax =
    8;  // named owners that go apart; more are cut like an anonymous refusal

// Returns true if a create of the account, accepted at `accepted_at`, shows that the account isn't at fault for a
// refusal at `refused_at`, the first of which was at `since`: it came between them, and not long before the last.
bool accepted_lately(std::optional<WallTime> accepted_at, WallTime since, WallTime refused_at);
inline constexpr Duration kAcceptedLately = std::chrono::minutes(15);

// --- the suspicious queue --------------------------------------------------------------------------------------------

// What bounds the creates that are spent on an owner's suspicious requests in a lane.
struct Suspicion {
  WallTime since;          // when the owner's first request of those that are there came
  WallTime next_at;        // no create before this
  std::int64_t items = 0;  // how many requests the next batch takes at most

  bool operator==(const Suspicion&) const = default;
};
inline constexpr Duration kSuspiciousPace = std::chrono::minutes(5);   // between two creates: 12 an hour
inline constexpr std::int64_t kSuspiciousItemsMax = 32;                // in one batch
inline constexpr Duration kSuspicionTimeMax = std::chrono::hours(72);  // after which an operator must decide

Suspicion first_suspicion(WallTime now);
// Returns what follows from a create that begins now: the next one comes kSuspiciousPace later.
Suspicion after_suspicious_create(Suspicion suspicion, WallTime now);
// Returns what follows if a batch of `items` requests is refused as a whole: the next one has half as many.
Suspicion after_suspicious_refusal(Suspicion suspicion, std::int64_t items);
// Returns what follows if a batch is accepted: the next one has twice as many, and the time until an operator must
// decide begins anew.
Suspicion after_suspicious_acceptance(Suspicion suspicion, WallTime now);
// Returns true if the owner's suspicious requests wait for an operator's decision: for all this time creates with them
// were refused.
bool waits_for_operator(const Suspicion& suspicion, WallTime now);

}  // namespace batchd::core
