#include "proto/page/admin_page.h"

#include "proto/page/html.h"
#include "proto/page/style.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

using core::BatchState;
using core::RequestState;
using html::Cell;
using html::escape;
using Row = std::vector<Cell>;

std::int64_t items(const core::Counts& counts, RequestState state) {
  return counts.requests[static_cast<std::size_t>(state)].items;
}
std::int64_t items(const core::Counts& counts, BatchState state) {
  return counts.batches[static_cast<std::size_t>(state)].items;
}

std::string age(core::WallTime now, core::WallTime since) { return html::duration(now - since); }

std::string plural(std::int64_t n, const std::string& one, const std::string& many) {
  return html::count(n) + ' ' + (n == 1 ? one : many);
}

struct Verdict {
  std::string_view style;  // "", "warn" or "bad"
  std::string sentence;
};

// Sums up the health in one sentence, about the worst problem there is.
Verdict judge(const AdminPage& page) {
  const auto& counts = page.status.counts;
  const auto queued = items(counts, RequestState::queued), packed = items(counts, RequestState::packed);
  if (!counts.balanced()) return {"bad", "The balance doesn't close: please report this, and keep the database."};
  if (!page.attention.accounts.empty())
    return {"bad", "The provider refuses account " + page.attention.accounts.front().name +
                       ": nothing is lost, nothing of it moves until that is mended."};
  if (!page.attention.strange.empty())
    return {"bad", plural(std::ssize(page.attention.strange), "job", "jobs") +
                       " at the provider that this database doesn't know: new submissions wait for your word."};
  if (!page.attention.held.empty())
    return {"warn", plural(std::ssize(page.attention.held), "batch is held and waits", "batches are held and wait") +
                        " for your decision; everything else goes on."};
  if (!page.attention.paused.empty()) return {"warn", "Running, with lanes paused by an operator."};
  if (queued + packed == 0) return {"", "All is well. Nothing is waiting."};
  return {"", "All is well: " + plural(queued, "request waits", "requests wait") + " for a batch, " +
                  html::count(packed) + (packed == 1 ? " is" : " are") + " on the way."};
}

void append_head(std::string& out, const AdminPage& page) {
  const auto& status = page.status;
  out +=
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  if (page.refresh) out += "<meta http-equiv=\"refresh\" content=\"" + std::to_string(page.refresh->count()) + "\">\n";
  out += "<title>batchd</title>\n<style>";
  out += kAdminPageStyle;
  out += "</style>\n</head>\n<body>\n<header><h1>batchd</h1><p>version " + escape(status.version) + ", up " +
         age(status.now, status.started_at) + ", as of " + rfc3339(status.now).substr(11, 8) +
         " UTC</p></header>\n<main>\n";
  const auto verdict = judge(page);
  out += "<p class=\"verdict";
  if (!verdict.style.empty()) out += ' ' + std::string(verdict.style);
  out += "\">" + escape(verdict.sentence) + "</p>\n";
}

// Appends one state: its name, how many are in it, and since when the oldest is.
template <class State>
void append_card(std::string& out, State state, const core::StateCount& count, core::WallTime now) {
  out += "<li><span class=\"name\">" + std::string(core::to_text(state)) + "</span><b>" + html::count(count.items) +
         "</b><span>";
  if (count.items > 0 && count.oldest) out += "oldest " + age(now, *count.oldest);
  out += "&nbsp;</span></li>\n";
}

void append_requests(std::string& out, const AdminStatus& status) {
  out += "<ul class=\"cards\">\n";
  std::int64_t kept = 0;
  for (std::size_t i = 0; i < core::kRequestStates; ++i) {
    const auto& count = status.counts.requests[i];
    kept += count.items;
    append_card(out, static_cast<RequestState>(i), count, status.now);
  }
  out += "</ul>\n<p class=\"note\">Balance: " + html::count(status.counts.accepted) +
         " accepted = " + html::count(kept) + " above + " + html::count(status.counts.purged) + " purged" +
         (status.counts.balanced() ? "." : ": it doesn't close!") + "</p>\n";
}

void append_todo(std::string& out, std::string_view style, const std::string& what, std::string_view said,
                 const std::vector<std::string>& commands) {
  out += "<div class=\"todo" + std::string(style) + "\"><p>" + escape(what) + "</p>";
  if (!said.empty()) out += "<p class=\"said\">" + escape(said) + "</p>";
  for (const auto& command : commands) out += "<code class=\"copy\">" + escape(command) + "</code>";
  out += "</div>\n";
}

std::string lanes_text(const core::LaneSelector& lanes) {
  std::string text;
  for (const auto* part : {&lanes.account, &lanes.endpoint, &lanes.model})
    if (!part->empty()) text += (text.empty() ? "" : ", ") + *part;
  return text.empty() ? "every lane" : text;
}

// Quotes a text for the shell, since operators copy commands and a client may have chosen the text.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) c == '\'' ? word += "'\\''" : word += c;
  return word + '\'';
}

std::string resume_command(const core::LaneSelector& lanes) {
  std::string command = "batchctl resume";
  if (!lanes.account.empty()) command += " --account " + shell_word(lanes.account);
  if (!lanes.endpoint.empty()) command += " --endpoint " + shell_word(lanes.endpoint);
  if (!lanes.model.empty()) command += " --model " + shell_word(lanes.model);
  return command;
}

void append_attention(std::string& out, const AdminPage& page) {
  const auto& [held, accounts, strange, paused, suspicious] = page.attention;
  if (page.attention.empty()) return;
  const auto now = page.status.now;
  out += "<h2>Needs attention</h2>\n";
  for (const auto& account : accounts)
    append_todo(out, "",
                "Account " + account.name + " is refused" + (account.since ? ", for " + age(now, *account.since) : ""),
                account.detail, {"batchctl resume --account " + shell_word(account.name)});
  for (const auto& job : strange)
    append_todo(out, "",
                "A job that this database doesn't know, account " + job.account + ", seen " + age(now, job.seen_at) +
                    " ago: was a backup restored, or does another host run a copy?",
                job.job + "  " + job.tag, {"batchctl resume-account " + shell_word(job.account)});
  for (const auto& batch : held) {
    const auto id = core::to_text(batch.id);
    append_todo(out, " quiet",
                "Batch " + id + " has been held for " + age(now, batch.state_since) + ", with " +
                    plural(batch.items, "request", "requests"),
                batch.message, {"batchctl adopt " + id + " batches/...", "batchctl requeue " + id});
  }
  for (const auto& queue : suspicious) {
    const core::LaneSelector lanes{queue.lane.account, queue.lane.endpoint, queue.lane.model};
    const bool one = queue.items == 1;
    append_todo(out, " quiet",
                plural(queue.items, "request", "requests") + " of " + owner_text(queue.owner) + " for " +
                    lanes_text(lanes) + (one ? " is" : " are") + " suspicious, for " + age(now, queue.suspicion.since) +
                    (queue.waits ? ", and sent no more until you say so" : ": sent a few at a time, 12 times an hour"),
                "The provider has refused too many batches with them.", {resume_command(lanes)});
  }
  for (const auto& lanes : paused)
    append_todo(out, " quiet", "Paused by an operator: " + lanes_text(lanes), "", {resume_command(lanes)});
}

Row batch_row(const core::Batch& batch, core::WallTime now) {
  const auto some = [](std::int64_t lines) { return Cell{lines > 0 ? html::count(lines) : "", "num"}; };
  const bool bad = batch.state == BatchState::held, over = core::is_terminal(batch.state);
  return {{core::to_text(batch.id), "mono"},
          {std::string(core::to_text(batch.state)), bad    ? "bad"
                                                    : over ? ""
                                                           : "good"},
          {age(now, batch.state_since), "num"},
          {batch.lane.model},
          {std::string(core::to_text(batch.reason))},
          html::number(batch.items),
          some(batch.lines.succeeded),
          some(batch.lines.failed),
          some(batch.lines.requeued),
          {batch.message, "words"}};
}

// Appends the batches under way and the latest batches: why each was sent, and what became of its lines.
void append_batches(std::string& out, const AdminPage& page) {
  std::string cards;
  for (std::size_t i = 0; i < core::kBatchStates; ++i) {
    const auto state = static_cast<BatchState>(i);
    if (page.status.counts.batches[i].items > 0 && !core::is_terminal(state))
      append_card(cards, state, page.status.counts.batches[i], page.status.now);
  }
  out += "<h2>Batches</h2>\n";
  if (!cards.empty()) out += "<ul class=\"cards small\">\n" + cards + "</ul>\n";
  if (page.batches.empty()) {
    out += "<p class=\"note\">No batch yet.</p>\n";
    return;
  }
  out += "<p class=\"note\">The latest " + plural(std::ssize(page.batches), "batch", "batches") + "; " +
         html::count(items(page.status.counts, BatchState::done)) + " done in all are still kept.</p>\n";
  std::vector<Row> rows;
  for (const auto& batch : page.batches) rows.push_back(batch_row(batch, page.status.now));
  html::append_table(
      out, {"batch", "state", "for", "model", "left by", "items", "succeeded", "failed", "again", "message"}, rows);
}

void append_lanes(std::string& out, const AdminStatus& status) {
  std::vector<Row> rows;
  for (const auto& lane : status.lanes) {
    const auto backlog = backlog_of(lane.queue);
    rows.push_back({{lane.queue.lane.model},
                    {lane.queue.lane.account},
                    {lane.queue.lane.endpoint},
                    {lane.paused ? "paused" : "open", lane.paused ? "warn" : "good"},
                    html::number(backlog.items),
                    {backlog.oldest ? age(status.now, *backlog.oldest) : "", "num"},
                    {html::bytes(backlog.bytes), "num"},
                    html::number(lane.enqueued_tokens),
                    html::number(lane.allowance),
                    {lane.turnaround ? html::duration(*lane.turnaround) : "", "num"}});
  }
  if (rows.empty()) return;
  out += "<h2>Lanes</h2>\n";
  html::append_table(out,
                     {"model", "account", "endpoint", "state", "queued", "oldest", "bytes", "tokens there",
                      "tokens allowed", "turnaround"},
                     rows);
}

void append_accounts(std::string& out, const AdminStatus& status) {
  std::vector<Row> rows;
  for (const auto& account : status.accounts) {
    const bool well = account.healthy.value_or(true);
    rows.push_back({{account.name},
                    {well ? "works" : "refused", well ? "good" : "bad"},
                    {html::count(account.use.jobs) + " of " + html::count(account.limits.jobs), "num"},
                    {html::bytes(account.use.stored_bytes) + " of " + html::bytes(account.limits.stored_bytes), "num"},
                    {account.detail, "words"}});
  }
  out += "<h2>Accounts</h2>\n";
  html::append_table(out, {"account", "state", "jobs", "files there", "the provider says"}, rows);
}

void append_owners(std::string& out, const AdminStatus& status) {
  std::vector<Row> rows;
  for (const auto& owner : status.owners) {
    rows.emplace_back();
    rows.back().push_back({owner_text(owner)});
    for (const auto items : owner.requests) rows.back().push_back(html::number(items));
  }
  if (rows.empty()) return;
  out += "<h2>Owners</h2>\n";
  std::vector<std::string_view> columns{"owner"};
  for (std::size_t i = 0; i < core::kRequestStates; ++i) columns.push_back(core::to_text(static_cast<RequestState>(i)));
  html::append_table(out, columns, rows);
}

void append_store(std::string& out, const AdminStatus& status) {
  out += "<h2>Store</h2>\n";
  html::append_table(out, {"database", "write-ahead log", "free disk"},
                     {{{html::bytes(status.counts.database_bytes), "num"},
                       {html::bytes(status.counts.wal_bytes), "num"},
                       {html::bytes(status.free_bytes), "num"}}});
}

}  // namespace

std::string_view admin_page_policy() {
  return "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

std::string admin_page(const AdminPage& page) {
  std::string out;
  append_head(out, page);
  append_requests(out, page.status);
  append_attention(out, page);
  append_batches(out, page);
  append_lanes(out, page.status);
  append_accounts(out, page.status);
  append_owners(out, page.status);
  append_store(out, page.status);
  out +=
      "</main>\n<footer>The same as JSON: /admin/status, /admin/attention, /admin/batches. "
      "For a monitor: /metrics. ";
  out += page.refresh ? "<a href=\"?\">Stop refreshing</a>" : "<a href=\"?refresh=10\">Refresh every 10 seconds</a>";
  out += "</footer>\n</body>\n</html>\n";
  return out;
}

}  // namespace batchd::proto
