#include "config/keys.h"

namespace batchd::config {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kKiB = 1 << 10, kMiB = 1 << 20, kGiB = 1 << 30;
constexpr std::int64_t kMany = 1'000'000'000;

Key text(std::string_view name, std::string& value, std::string_view comment) {
  return {name, TextSlot{&value}, comment};
}
Key flag(std::string_view name, bool& value, std::string_view comment) { return {name, FlagSlot{&value}, comment}; }
Key mode(std::string_view name, int& value, std::string_view comment) { return {name, ModeSlot{&value}, comment}; }
Key count(std::string_view name, std::int64_t& value, std::int64_t min, std::int64_t max, std::string_view comment) {
  return {name, CountSlot{&value, min, max}, comment};
}
Key size(std::string_view name, std::int64_t& value, std::int64_t min, std::int64_t max, std::string_view comment) {
  return {name, SizeSlot{&value, min, max}, comment};
}
// Every time is at most a year, so that sums with a wall time can't overflow.
Key time(std::string_view name, Duration& value, std::string_view comment) {
  return {name, TimeSlot{&value, milliseconds(1), hours(24 * 366)}, comment};
}
template <class Enum>
Key choice(std::string_view name, Enum& value, std::vector<std::string_view> names, std::string_view comment) {
  return {name,
          ChoiceSlot{std::move(names), [&value] { return static_cast<std::size_t>(value); },
                     [&value](std::size_t index) { value = static_cast<Enum>(index); }},
          comment};
}

}  // namespace

std::vector<Key> keys_of(Server& s) {
  return {
      text("socket", s.socket, "the Unix socket that programs talk to; at most 107 bytes"),
      mode("socket_mode", s.socket_mode, "its permissions, octal"),
      text("socket_group", s.socket_group, "its group; empty: the daemon's own"),
      text("admin_group", s.admin_group, "members may use /admin; empty: root only"),
      text("listen", s.listen,
           "a TCP address for programs that can't use the socket, such as 127.0.0.1:8090; empty: none"),
      flag("allow_remote", s.allow_remote,
           "allow addresses other than loopback for listen; tokens travel in clear text"),
      text("hosts", s.hosts, "more names that clients may use for listen, separated by commas"),
      text("tokens_file", s.tokens_file, "file of bearer tokens for listen, one per line: OWNER TOKEN [admin]"),
      flag("allow_mapped_uids", s.allow_mapped_uids,
           "serve the socket in a mapped user namespace, where callers' uids may be wrong"),
      size("max_body", s.max_body, kKiB, 32 * kMiB, "largest request body"),
      size("max_bulk", s.max_bulk, kKiB, 1024 * 1024 * kGiB, "largest bulk submission"),
      time("header_timeout", s.header_timeout, "a client's header must be complete after this"),
      time("idle_timeout", s.idle_timeout, "a connection without a request is closed after this"),
      time("write_timeout", s.write_timeout, "a client that reads nothing of an answer for this long is disconnected"),
      size("body_rate_floor", s.body_rate_floor, 1, kGiB, "minimum rate of a body, in bytes per second"),
      time("heartbeat", s.heartbeat, "how often an idle event stream sends a keep-alive"),
      time("interim", s.interim,
           "how often a waiting call sends 102 Processing to Node and to clients that ask for it"),
  };
}

std::vector<Key> keys_of(Store& s) {
  return {
      text("path", s.path, "the database; on a local disk, in a folder of its own"),
      size("disk_floor", s.disk_floor, 0, 1024 * 1024 * kGiB, "free space that intake never uses"),
      size("reserve", s.reserve, 0, 1024 * 1024 * kGiB,
           "additional free space, kept for results that have been paid for"),
  };
}

std::vector<Key> keys_of(Account& s) {
  return {
      text("kind", s.kind,
           "the provider's protocol; batchd --check-config lists the known ones if this isn't one of them"),
      text("base_url", s.base_url,
           "the provider's address: https://HOST, with a port and a path if needed; empty: that of its kind"),
      text("api_key_file", s.api_key_file,
           "holds the key; empty: the account's credential or variable, else the key of its kind, such as "
           "$BATCHD_KIND_API_KEY (operations.md)"),
      text("ca_file", s.ca_file, "certificates to trust, PEM; empty: the system's"),
      time("connect_timeout", s.connect_timeout, "for resolving, connecting and TLS together"),
      time("answer_timeout", s.answer_timeout, "from the last byte of a call to the first of its answer"),
      time("stall_timeout", s.stall_timeout, "a transfer that makes no progress for this long is aborted"),
      count("max_jobs", s.max_jobs, 1, kMany, "batch jobs in flight at once"),
      size("max_stored", s.max_stored, kMiB, 1000 * 1000 * kGiB, "bytes of files kept at the provider"),
  };
}

std::vector<Key> keys_of(core::PackLimits& s) {
  return {
      count("max_items", s.items, 1, 200'000, "a batch is sealed at this many requests"),
      size("max_bytes", s.bytes, kKiB, 2'000'000'000, "or at this many bytes; the provider takes files of 2 GB"),
      count("max_tokens", s.tokens, 1, 1'000'000 * kMany, "or at this many estimated tokens"),
      time("max_age", s.max_age, "or when its oldest request has waited for this long"),
  };
}

std::vector<Key> keys_of(EnqueuedTokens& s) {
  return {count("max_enqueued_tokens", s.max_enqueued_tokens, 1, 1'000'000 * kMany,
                "tokens of one model in jobs at the provider; batchd begins with fewer, and learns how many it takes")};
}

std::vector<Key> keys_of(Submission& s) {
  return {
      choice("on_ambiguous", s.on_ambiguous, {"fence", "hold"},
             "if it is unclear whether a job was made: fence it and go on, or hold the batch for an operator"),
      time("quarantine", s.quarantine, "how long listings may still show such a job before it is fenced"),
      time("throttle_first", s.throttle_first, "pause after the provider's first 429"),
      time("throttle_max", s.throttle_max, "the pause doubles up to this"),
      time("reconcile_first", s.reconcile_first, "pause between the first two listings of such a job"),
      time("reconcile_max", s.reconcile_max, "it grows up to this"),
      time("fence_pause", s.fence_pause, "pause between the two checks that must both find the input file gone"),
      time("relist_pause", s.relist_pause, "pause before the last listing of a fence"),
      time("file_age_max", s.file_age_max,
           "an input file older than this is uploaded again before a job is made of it"),
      time("sweep_every", s.sweep_every, "interval between checks for jobs that shouldn't exist"),
      count("concurrency", s.concurrency, 1, 64, "batches that are uploaded at the same time"),
  };
}

std::vector<Key> keys_of(Polling& s) {
  return {
      time("first", s.first, "pause before a job is polled for the second time"),
      time("max", s.max, "pauses grow by half up to this; also the longest time between two looks of a stage"),
      time("lost_grace", s.lost_grace, "a job that answers 404 for this long is held for an operator"),
      time("output_grace", s.output_grace, "a succeeded job without a result file is held after this"),
      time("download_grace", s.download_grace, "a result file that answers 403 or 404 for this long is given up"),
  };
}

std::vector<Key> keys_of(Retry& s) {
  return {
      count("max_attempts", s.max_attempts, 1, 100, "jobs that may end without a request's result before it fails"),
      time("first", s.first, "pause after a call's first transient failure"),
      time("max", s.max, "it doubles up to this"),
  };
}

std::vector<Key> keys_of(Retention& s) {
  return {
      time("results", s.results, "how long a finished request and its result are kept"),
      time("acknowledged_grace", s.acknowledged_grace, "how long they are kept after the result was acknowledged"),
      time("reattach_grace", s.reattach_grace,
           "how long a written answer that may not have been read is kept for the same attached call"),
      time("idempotency", s.idempotency,
           "how long an Idempotency-Key, or a group's line, is remembered after acceptance"),
      time("purge_every", s.purge_every, "interval between purges"),
  };
}

std::vector<Key> keys_of(Limits& s) {
  return {
      count("max_queued_requests", s.max_queued_requests, 1, 1000 * kMany, "requests waiting for a batch; beyond: 429"),
      size("max_queued_bytes", s.max_queued_bytes, kMiB, 1024 * 1024 * kGiB, "and their bytes"),
      count("owner_share", s.owner_share, 1, 100,
            "per cent of the queue and of the connections that one owner may have"),
      count("max_connections", s.max_connections, 1, 1'000'000, "clients connected at once"),
      time("stop_grace", s.stop_grace, "time for work under way when the daemon is told to stop"),
  };
}

std::vector<Key> keys_of(Log& s) {
  return {choice("level", s.level, {"debug", "info", "warn", "error"}, "debug, info, warn or error")};
}

std::vector<Section> sections_of(Config& c) {
  return {
      {"server", "The local API.", keys_of(c.server)},
      {"store", "Where accepted requests live.", keys_of(c.store)},
      {"packing", "When a batch is sealed. [packing.\"MODEL\"] overrides any of these for one model.",
       keys_of(c.packing.limits)},
      {"budget", "What may be at the provider at once. [budget.\"MODEL\"] overrides it for one model.",
       keys_of(c.budget.limits)},
      {"submission", "Creating jobs without paying twice.", keys_of(c.submission)},
      {"polling", "Watching jobs.", keys_of(c.polling)},
      {"retry", "Trying again.", keys_of(c.retry)},
      {"retention", "What is kept, and for how long.", keys_of(c.retention)},
      {"limits", "Bounds of the process.", keys_of(c.limits)},
      {"log", "Messages to standard error or the journal; never a prompt, a result or a key.", keys_of(c.log)},
  };
}

}  // namespace batchd::config
