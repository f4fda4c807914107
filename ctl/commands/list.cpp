#include <algorithm>

#include "core/ids.h"
#include "ctl/answers/objects.h"
#include "ctl/commands/commands.h"
#include "ctl/commands/fetch.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

constexpr std::int64_t kPageItems = 500;

// A listing: its path, the member with its items, and the columns to show.
struct Listing {
  const char* path;
  const char* items;
  std::vector<std::pair<const char*, const char*>> columns;  // heading, member
};

const Listing kRequests{"/v1/requests",
                        "requests",
                        {{"ID", "id"},
                         {"STATE", "state"},
                         {"MODEL", "model"},
                         {"KEY", "key"},
                         {"CHANNEL", "channel"},
                         {"CREATED", "created_at"},
                         {"FINISHED", "finished_at"}}};
const Listing kBatches{"/admin/batches",
                       "batches",
                       {{"ID", "id"},
                        {"STATE", "state"},
                        {"ITEMS", "items"},
                        {"MODEL", "model"},
                        {"ACCOUNT", "account"},
                        {"REASON", "reason"},
                        {"CREATED", "created_at"},
                        {"JOB", "job"}}};

std::string cell(const Json& value) {
  return value.IsInt64() ? std::to_string(value.GetInt64()) : std::string(text(value));
}

void print_table(Session& session, const Listing& listing, const Json& items, bool with_headings) {
  std::vector<std::string> headings;
  if (with_headings)
    for (const auto& column : listing.columns) headings.emplace_back(column.first);
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items.GetArray()) {
    auto& row = rows.emplace_back();
    for (const auto& column : listing.columns) row.push_back(cell(member(item, column.second)));
  }
  session.console.table(std::move(headings), std::move(rows));
}

int print_listing(Session& session, const Listing& listing, const ListOptions& options) {
  std::int64_t left = options.all ? INT64_MAX : options.limit;
  std::string cursor;
  for (bool first = true; left > 0; first = false) {
    auto parameters = options.filters;
    parameters.emplace_back("limit", std::to_string(std::min(left, kPageItems)));
    parameters.emplace_back("cursor", cursor);
    const auto answer = ask(session, {.method = "GET", .target = target_of(listing.path, parameters)});
    if (const auto* code = std::get_if<int>(&answer)) return *code;
    const auto& body = std::get<Answer>(answer).body;
    const auto document = read_document(body);
    const auto members = scan_members(body);
    if (!document || !members || !member(*document, listing.items).IsArray()) {
      session.console.talk("the daemon's answer isn't a list");
      return kUnavailable;
    }
    const auto& items = member(*document, listing.items);
    if (session.json)
      for (const auto item : elements_of(members->at(listing.items))) session.print_json(item);
    else if (!items.Empty())
      print_table(session, listing, items, first);
    if (first && items.Empty()) session.console.talk("there are none");
    left -= items.Size();
    cursor = text(member(*document, "next"));
    if (cursor.empty()) return kDone;
  }
  session.console.talk("there are more: --limit N, or --all");
  return kDone;
}

}  // namespace

int list(Session& session, const ListOptions& options) { return print_listing(session, kRequests, options); }
int batches(Session& session, const ListOptions& options) { return print_listing(session, kBatches, options); }

int batch(Session& session, const std::string& id) {
  if (!core::parse_id_text(id)) {
    session.console.talk("\"" + id + "\" isn't a batch id; batchctl batches lists them");
    return kBadInput;
  }
  const auto answer = ask(session, {.method = "GET", .target = "/admin/batches/" + id});
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  const auto& body = std::get<Answer>(answer).body;
  const auto members = scan_members(body);
  if (session.json || !members) {
    session.print_json(body);
    return members ? kDone : kUnavailable;
  }
  std::vector<std::vector<std::string>> rows;
  const auto document = read_document(body);
  if (document && document->IsObject())
    for (const auto& each : document->GetObject()) {
      const std::string name(text(each.name));
      rows.push_back({name, each.value.IsString() ? std::string(text(each.value)) : members->at(name)});
    }
  session.console.table({"MEMBER", "VALUE"}, std::move(rows));
  if (text_member(*members, "state") == "held") session.console.talk("it waits for you: batchctl attention");
  return kDone;
}

}  // namespace batchd::ctl
