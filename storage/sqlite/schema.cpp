#include "storage/sqlite/schema.h"

#include <array>

namespace batchd::storage {
namespace {

// Values of states, reasons and ends are those of core/state.h and core/types.h. Times are Unix milliseconds.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lane(
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL,
  UNIQUE(account, endpoint, model)) STRICT;
CREATE TABLE counter(
  kind INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY(kind, a, b)) STRICT, WITHOUT ROWID;

-- Bodies: append-only. id = body * 512 + index of the chunk; digest = XXH3 of data, seeded with id.
CREATE TABLE chunk(id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE stage(body INTEGER PRIMARY KEY, chunks INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE garbage(body INTEGER PRIMARY KEY) STRICT;

CREATE TABLE request(
  id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, lane INTEGER NOT NULL, state INTEGER NOT NULL,
  batch INTEGER, last_batch INTEGER,
  body INTEGER NOT NULL, body_bytes INTEGER NOT NULL, tokens INTEGER NOT NULL, client_key TEXT NOT NULL,
  created_at INTEGER NOT NULL, queued_at INTEGER NOT NULL, finished_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0,
  result INTEGER, result_bytes INTEGER, value_offset INTEGER, value_bytes INTEGER,
  error_code INTEGER, error_status TEXT, error_message TEXT, error_source INTEGER, completion INTEGER) STRICT;
CREATE INDEX request_queued ON request(lane, owner, queued_at) WHERE state = 0;
CREATE INDEX request_batch ON request(batch) WHERE batch IS NOT NULL;
CREATE INDEX request_finished ON request(state, finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE idempotency(
  request INTEGER PRIMARY KEY, owner INTEGER NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL,
  accepted_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX idempotency_key ON idempotency(owner, key);

CREATE TABLE batch(
  id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, state INTEGER NOT NULL, reason INTEGER NOT NULL,
  items INTEGER NOT NULL DEFAULT 0, body_bytes INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
  packed INTEGER NOT NULL DEFAULT 0, parent INTEGER, root INTEGER NOT NULL, fences INTEGER NOT NULL DEFAULT 0,
  creates INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, state_since INTEGER NOT NULL,
  upload_n INTEGER NOT NULL DEFAULT 0, mime_index INTEGER NOT NULL DEFAULT 0,
  upload_session TEXT NOT NULL DEFAULT '', uploaded_at INTEGER, file_deleted INTEGER NOT NULL DEFAULT 0,
  token TEXT NOT NULL DEFAULT '', credential TEXT NOT NULL DEFAULT '', create_at INTEGER, not_before INTEGER,
  throttled INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0, fence_begun INTEGER NOT NULL DEFAULT 0,
  refusal INTEGER NOT NULL DEFAULT 0, released INTEGER NOT NULL DEFAULT 0,
  job TEXT NOT NULL DEFAULT '', submitted_at INTEGER, ended_at INTEGER, end INTEGER,
  end_code INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', result_file TEXT NOT NULL DEFAULT '',
  result_bytes INTEGER NOT NULL DEFAULT 0,
  succeeded INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, requeued INTEGER NOT NULL DEFAULT 0,
  missing INTEGER NOT NULL DEFAULT 0, possibly_charged INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0, "foreign" INTEGER NOT NULL DEFAULT 0, unreadable INTEGER NOT NULL DEFAULT 0,
  split_rule INTEGER, split_first INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX batch_state ON batch(state);
CREATE INDEX batch_since ON batch(state, state_since);
CREATE INDEX batch_parent ON batch(parent) WHERE parent IS NOT NULL;
CREATE INDEX batch_root ON batch(root);
CREATE INDEX batch_ended ON batch(lane, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX batch_uploaded ON batch(lane, uploaded_at) WHERE uploaded_at IS NOT NULL;
CREATE INDEX batch_stale ON batch(id) WHERE state = 15 AND file_deleted = 0 AND upload_n > 0;
)sql";

// Channels, groups, deadlines, acknowledgement, listing, learned budgets, operators' pauses and strange jobs.
constexpr std::string_view kVersion2 = R"sql(
CREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE pause(
  account TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL,
  PRIMARY KEY(account, endpoint, model)) STRICT, WITHOUT ROWID;
CREATE TABLE strange_job(
  job TEXT PRIMARY KEY, token TEXT NOT NULL, account TEXT NOT NULL, seen_at INTEGER NOT NULL,
  accepted INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

-- A group's lines outlive their requests, so that a file that is sent again adds nothing.
CREATE TABLE request_group(
  id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, name TEXT NOT NULL, last_at INTEGER NOT NULL,
  UNIQUE(owner, name)) STRICT;
CREATE TABLE group_line(
  grp INTEGER NOT NULL, line INTEGER NOT NULL, request INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY(grp, line)) STRICT, WITHOUT ROWID;

ALTER TABLE request ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN labels TEXT NOT NULL DEFAULT '';
ALTER TABLE request ADD COLUMN grp INTEGER;
ALTER TABLE request ADD COLUMN deadline INTEGER;
ALTER TABLE request ADD COLUMN fail_at_deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request ADD COLUMN acked_at INTEGER;
CREATE INDEX request_owner ON request(owner, id);
CREATE INDEX request_group_member ON request(grp, id) WHERE grp IS NOT NULL;
ALTER TABLE request ADD COLUMN held INTEGER NOT NULL DEFAULT 0;  -- by a caller that knows no id: it is in no channel
CREATE INDEX request_results ON request(owner, channel, completion)
  WHERE completion IS NOT NULL AND acked_at IS NULL AND held = 0;
CREATE INDEX request_acked ON request(acked_at) WHERE acked_at IS NOT NULL;
CREATE INDEX request_urgent ON request(lane, owner, deadline) WHERE state = 0 AND deadline IS NOT NULL;
CREATE INDEX request_due ON request(deadline) WHERE fail_at_deadline = 1 AND state < 2;

-- Ended without ever having been in a batch, or after its last one: what keeps their lane from being given away.
CREATE INDEX request_unbatched ON request(lane) WHERE batch IS NULL AND state > 1;

-- What the stage will become: a value of core::SpoolPurpose.
ALTER TABLE stage ADD COLUMN purpose INTEGER NOT NULL DEFAULT 1;
ALTER TABLE stage ADD COLUMN owner INTEGER;  -- of a request to come

ALTER TABLE batch ADD COLUMN cancel_asked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX batch_lane ON batch(lane, state);
CREATE INDEX batch_token ON batch(token) WHERE token <> '';
CREATE INDEX batch_fenced ON batch(lane, state_since) WHERE fence_begun = 1;

-- Calls whose client waits for the answer and knows no id (vendor fronts), by the digest of what was called.
CREATE TABLE held_call(
  request INTEGER PRIMARY KEY, owner INTEGER NOT NULL, digest BLOB NOT NULL, orphan INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX held_call_orphan ON held_call(owner, digest, request) WHERE orphan = 1;

-- The ratio in millionths; an allowance of 0: nothing was learned.
ALTER TABLE lane ADD COLUMN made_by INTEGER;  -- the owner who named it first
ALTER TABLE lane ADD COLUMN ratio INTEGER NOT NULL DEFAULT 1000000;
ALTER TABLE lane ADD COLUMN allowance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN allowance_since INTEGER NOT NULL DEFAULT 0;

-- Totals of the queue (storage/sqlite/counters.h): items, bytes, and bytes by owner.
INSERT INTO counter(kind, a, b, value) SELECT 10, 0, 0, sum(value) FROM counter WHERE kind = 4 HAVING sum(value) > 0;
INSERT INTO counter(kind, a, b, value) SELECT 11, 0, 0, sum(value) FROM counter WHERE kind = 5 HAVING sum(value) > 0;
INSERT INTO counter(kind, a, b, value)
  SELECT 12, b, 0, sum(value) FROM counter WHERE kind = 5 GROUP BY b HAVING sum(value) > 0;

-- Which batches have been purged so far isn't known: none that ends after now.
INSERT INTO counter(kind, a, b, value)
  SELECT 14, 0, 0, (CAST(strftime('%s', 'now') AS INTEGER) + 1) * 1000 FROM counter WHERE kind = 2 AND value > 0;
)sql";

// Attached calls whose answer was written, while nobody knows whether it has arrived.
constexpr std::string_view kVersion3 = R"sql(
ALTER TABLE held_call ADD COLUMN answered_at INTEGER;
CREATE INDEX held_call_answered ON held_call(answered_at) WHERE answered_at IS NOT NULL;
)sql";

// Errors have a class, batches know their provider's names of files, and nothing in a name is one provider's.
// Rows of requests stay as they are, since there may be millions: a request whose error_class is NULL though it has an
// error_code is older than this version (storage/sqlite/error_row.h). batch.end_code isn't used any more; to drop it
// would rewrite the table.
constexpr std::string_view kVersion4 = R"sql(
ALTER TABLE request ADD COLUMN error_class INTEGER;
ALTER TABLE request ADD COLUMN error_http INTEGER;
ALTER TABLE request ADD COLUMN error_body TEXT;

ALTER TABLE batch RENAME COLUMN mime_index TO upload_variant;
ALTER TABLE batch RENAME COLUMN token TO tag;
ALTER TABLE batch RENAME COLUMN result_file TO results;  -- names, joined by newlines
ALTER TABLE strange_job RENAME COLUMN token TO tag;
ALTER TABLE batch ADD COLUMN input_file TEXT NOT NULL DEFAULT '';
ALTER TABLE batch ADD COLUMN failed_for INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN error_class INTEGER;
ALTER TABLE batch ADD COLUMN error_code INTEGER;
ALTER TABLE batch ADD COLUMN error_status TEXT;
ALTER TABLE batch ADD COLUMN error_message TEXT;
ALTER TABLE batch ADD COLUMN error_http INTEGER;
ALTER TABLE batch ADD COLUMN error_body TEXT;
ALTER TABLE batch ADD COLUMN error_source INTEGER;
DROP INDEX batch_token;
CREATE INDEX batch_tag ON batch(tag) WHERE tag <> '';
CREATE INDEX batch_job ON batch(job) WHERE job <> '';

-- What the provider calls the n-th upload of a batch.
CREATE TABLE upload(
  batch INTEGER NOT NULL, n INTEGER NOT NULL, file TEXT NOT NULL, PRIMARY KEY(batch, n)) STRICT, WITHOUT ROWID;
)sql";

// Who is suspected after refusals. A lane gets a second row when a request of it is first suspected: its suspicious
// queue (storage/sqlite/lane_table.h). There are at most about 1,000 lanes, so the table is copied.
constexpr std::string_view kVersion5 = R"sql(
CREATE TABLE lane_of_5(
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL,
  suspicious INTEGER NOT NULL DEFAULT 0, made_by INTEGER, ratio INTEGER NOT NULL DEFAULT 1000000,
  allowance INTEGER NOT NULL DEFAULT 0, allowance_since INTEGER NOT NULL DEFAULT 0,
  UNIQUE(account, endpoint, model, suspicious)) STRICT;
INSERT INTO lane_of_5(id, account, endpoint, model, made_by, ratio, allowance, allowance_since)
  SELECT id, account, endpoint, model, made_by, ratio, allowance, allowance_since FROM lane;
DROP TABLE lane;
ALTER TABLE lane_of_5 RENAME TO lane;

-- The lane is a suspicious queue's. An owner has a row as long as requests are in that queue, or in a batch from it.
CREATE TABLE suspicion(
  lane INTEGER NOT NULL, owner INTEGER NOT NULL, since INTEGER NOT NULL, next_at INTEGER NOT NULL,
  items INTEGER NOT NULL, PRIMARY KEY(lane, owner)) STRICT, WITHOUT ROWID;

-- The owners of lines that the provider named when it refused the batch; as long as the batch is refused.
CREATE TABLE named_owner(
  batch INTEGER NOT NULL, owner INTEGER NOT NULL, PRIMARY KEY(batch, owner)) STRICT, WITHOUT ROWID;

ALTER TABLE request ADD COLUMN line INTEGER;  -- in its group; NULL also if version 4 or older accepted it

ALTER TABLE batch ADD COLUMN part INTEGER NOT NULL DEFAULT 0;  -- 0: root
ALTER TABLE batch ADD COLUMN unexplained_since INTEGER;
-- How many owners the batch had when its split began; 0: no split has begun since version 5.
ALTER TABLE batch ADD COLUMN split_owners INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN charged INTEGER NOT NULL DEFAULT 0;  -- 1: a create of it is counted on its part
UPDATE batch SET charged = 1 WHERE state = 4 OR (state = 9 AND create_at IS NOT NULL);
UPDATE batch SET part = root WHERE state < 15;

-- Rule 1 made a child for each owner. A split that stands in the middle comes to the same end if all who are left are
-- named.
INSERT INTO named_owner(batch, owner)
  SELECT DISTINCT r.batch, r.owner FROM request r
  WHERE r.batch IN (SELECT id FROM batch WHERE state IN (8, 9) AND split_rule = 1) AND r.state = 1;
UPDATE batch SET split_rule = 3, split_first = 0 WHERE state IN (8, 9) AND split_rule = 1;
UPDATE batch SET refusal = 4 WHERE state = 9 AND split_rule IS NOT NULL;  -- as split() does until it is finished
)sql";

constexpr std::array kMigrations{Migration{kVersion1}, Migration{kVersion2}, Migration{kVersion3},
                                 Migration{kVersion4, fill_batches_of_version_3}, Migration{kVersion5}};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace batchd::storage
