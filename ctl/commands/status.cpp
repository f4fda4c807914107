#include <cstdio>

#include "ctl/commands/commands.h"
#include "ctl/commands/fetch.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

std::string age(std::int64_t seconds) {
  char text[32];
  if (seconds < 120)
    std::snprintf(text, sizeof text, "%llds", static_cast<long long>(seconds));
  else if (seconds < 7200)
    std::snprintf(text, sizeof text, "%lldm", static_cast<long long>(seconds / 60));
  else
    std::snprintf(text, sizeof text, "%lldh", static_cast<long long>(seconds / 3600));
  return text;
}

// The count of a state is a number, or an object {"items","oldest_seconds"}.
void print_states(Console& console, const char* title, const Json& states) {
  if (!states.IsObject()) return;
  console.data(title);
  for (const auto& state : states.GetObject()) {
    const bool bare = state.value.IsInt64();
    const auto items = bare ? number(state.value) : number(member(state.value, "items"));
    const auto& oldest = member(state.value, "oldest_seconds");
    std::string line = "  " + padded(text(state.name), 12) + padded(std::to_string(items), 10);
    if (items > 0 && oldest.IsNumber()) line += "oldest " + age(static_cast<std::int64_t>(oldest.GetDouble()));
    console.data(line);
  }
}

// The lane's tokens at the provider, and its allowance.
std::string tokens_of(const Json& lane) {
  const auto allowance = number(member(lane, "allowance"));
  if (allowance <= 0) return {};
  return ", tokens " + std::to_string(number(member(lane, "enqueued_tokens"))) + " of " + std::to_string(allowance);
}

std::string suspicious_of(const Json& lane) {
  const auto count = number(member(lane, "suspicious"));
  return count > 0 ? ", " + std::to_string(count) + " suspicious" : std::string();
}

void print_lanes(Console& console, const Json& lanes) {
  if (!lanes.IsArray() || lanes.Empty()) return;
  console.data("lanes");
  for (const auto& lane : lanes.GetArray())
    console.data("  " + padded(text(member(lane, "account")), 12) + padded(text(member(lane, "model")), 28) +
                 std::to_string(number(member(lane, "queued"))) + " queued of " +
                 std::to_string(number(member(lane, "owners"))) + " owners, oldest " +
                 age(number(member(lane, "oldest_seconds"))) + (member(lane, "paused").IsTrue() ? ", PAUSED" : "") +
                 suspicious_of(lane) + tokens_of(lane));
}

void print_owners(Console& console, const Json& owners) {
  if (!owners.IsArray() || owners.Empty()) return;
  console.data("owners");
  for (const auto& owner : owners.GetArray())
    console.data("  " + padded(printable(text(member(owner, "owner"))), 12) +
                 std::to_string(number(member(owner, "queued"))) + " queued, " +
                 std::to_string(number(member(owner, "packed"))) + " packed");
}

void print_batches(Console& console, const Json& batches) {
  if (!batches.IsArray() || batches.Empty()) return;
  console.data("batches under way");
  for (const auto& batch : batches.GetArray())
    console.data("  " + padded(text(member(batch, "id")), 15) + padded(text(member(batch, "state")), 11) +
                 padded(std::to_string(number(member(batch, "items"))), 7) + padded(text(member(batch, "model")), 24) +
                 std::string(text(member(batch, "job"))));
}

void print_accounts(Console& console, const Json& accounts) {
  if (!accounts.IsArray()) return;
  console.data("accounts");
  for (const auto& account : accounts.GetArray()) {
    const auto& healthy = member(account, "healthy");
    console.data("  " + padded(text(member(account, "name")), 12) +
                 (healthy.IsFalse()  ? "TROUBLE "
                  : healthy.IsTrue() ? "healthy "
                                     : "unknown ") +
                 std::string(text(member(account, "detail"))));
  }
}

}  // namespace

int status(Session& session) {
  auto fetched = fetch(session, "/v1/status");
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto& document = std::get<rapidjson::Document>(fetched);
  const auto& requests = member(document, "requests");
  print_states(session.console, "your requests", requests.IsObject() ? requests : document);
  return kDone;
}

int admin_status(Session& session) {
  auto fetched = fetch(session, "/admin/status");
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto& document = std::get<rapidjson::Document>(fetched);
  auto& console = session.console;
  const auto& store = member(document, "store");
  console.data("batchd " + std::string(text(member(document, "version"))) + ", database " +
               std::to_string(number(member(store, "database_bytes")) >> 20) + " MiB, log " +
               std::to_string(number(member(store, "wal_bytes")) >> 20) + " MiB");
  console.data("accepted " + std::to_string(number(member(document, "accepted"))) + ", purged " +
               std::to_string(number(member(document, "purged"))) +
               (member(document, "balanced").IsFalse() ? ", THE BALANCE DOES NOT CLOSE" : ", balanced"));
  print_accounts(console, member(document, "accounts"));
  print_states(console, "requests", member(document, "requests"));
  print_states(console, "batches", member(document, "batches"));
  print_lanes(console, member(document, "lanes"));
  print_owners(console, member(document, "owners"));
  print_batches(console, member(document, "live_batches"));
  return kDone;
}

}  // namespace batchd::ctl
