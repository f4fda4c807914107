#include "core/refusal.h"

#include <algorithm>

#include "core/check.h"
#include "core/limits.h"

namespace batchd::core {
namespace {

// What follows if one of the members, nobody knows which, is refused.
NextStep find_poison(const Evidence& evidence) {
  if (evidence.items <= 1) return NextStep::fail;
  if (evidence.suspicious) return NextStep::suspect;
  if (evidence.owners > 1) return NextStep::halve_owners;
  const bool used_up = evidence.creates >= kCreatesPerPartMax || evidence.late;
  return used_up ? NextStep::suspect : NextStep::halve;
}

// What follows if named lines of the only owner have failed.
NextStep go_on_without_lines(const Evidence& evidence) {
  if (!evidence.lines_failed) return find_poison(evidence);
  const bool used_up = evidence.creates >= kCreatesPerPartMax || evidence.late;
  return evidence.suspicious || (used_up && evidence.owners <= 1) ? NextStep::suspect : NextStep::again;
}

NextStep explain(const Evidence& evidence) {
  if (evidence.first_time) return NextStep::once_more;
  if (evidence.accepted_since) return find_poison(evidence);
  const bool cut_before = evidence.was_cut && !evidence.incomplete;
  if (cut_before || evidence.items <= 1 || evidence.suspicious) return NextStep::wait;
  return evidence.owners > 1 ? NextStep::halve_owners : NextStep::halve;
}

}  // namespace

NextStep next_step(const Evidence& evidence) {
  switch (evidence.refusal) {
    case RefusedFor::none:
    case RefusedFor::model:
      break;
    case RefusedFor::poison:
      return find_poison(evidence);
    case RefusedFor::lines:
      return go_on_without_lines(evidence);
    case RefusedFor::owners:
      if (evidence.owners <= 1)
        return NextStep::again;  // the others' requests have been cancelled: it goes without them
      if (evidence.named_owners > 0 && evidence.named_owners <= kOwnersApartMax) return NextStep::named_owners;
      return evidence.named_owners == 0 && evidence.lines_failed ? NextStep::again : NextStep::halve_owners;
    case RefusedFor::unexplained:
      return explain(evidence);
    case RefusedFor::bound:
      return NextStep::suspect;
  }
  CHECK(false);
  return NextStep::wait;
}

bool accepted_lately(std::optional<WallTime> accepted_at, WallTime since, WallTime refused_at) {
  return accepted_at && *accepted_at > since && *accepted_at <= refused_at &&
         refused_at - *accepted_at <= kAcceptedLately;
}

Suspicion first_suspicion(WallTime now) {
  return {.since = now, .next_at = now + kSuspiciousPace, .items = kSuspiciousItemsMax};
}

Suspicion after_suspicious_create(Suspicion suspicion, WallTime now) {
  suspicion.next_at = now + kSuspiciousPace;
  return suspicion;
}

Suspicion after_suspicious_refusal(Suspicion suspicion, std::int64_t items) {
  suspicion.items = std::max<std::int64_t>(1, items / 2);
  return suspicion;
}

Suspicion after_suspicious_acceptance(Suspicion suspicion, WallTime now) {
  suspicion.since = now;
  suspicion.items = std::min(kSuspiciousItemsMax, suspicion.items * 2);
  return suspicion;
}

bool waits_for_operator(const Suspicion& suspicion, WallTime now) { return now - suspicion.since >= kSuspicionTimeMax; }

}  // namespace batchd::core
