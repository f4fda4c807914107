#include "proto/gemini/absence.h"

#include "proto/gemini/dialogue.h"
#include "proto/gemini/error.h"

namespace batchd::proto {
namespace {

std::string collection_of(std::string_view thing) { return std::string(thing.substr(0, thing.find('/'))); }

// A page of batches.list is a list of operations; the others are called as their collection.
bool shows(const JsonValue& page, std::string_view thing, bool& readable) {
  const auto collection = collection_of(thing);
  const auto* items = member(&page, collection == "batches" ? "operations" : collection);
  if (items == nullptr) {
    for (const auto& other : page.GetObject()) readable = readable && !(other.value.IsArray() && !other.value.Empty());
    return false;
  }
  readable = readable && items->IsArray();
  if (!readable) return false;
  for (const auto& item : items->GetArray())
    if (text_member(&item, "name") == thing) return true;
  return false;
}

}  // namespace

Absence::Absence(const std::string& version, std::string thing)
    : thing_(std::move(thing)), pages_(version, collection_of(thing_)) {}

Absence::Next Absence::step(const core::HttpEvent& event) {
  if (event.kind == core::HttpEvent::Kind::begin) return pages_.call("");
  const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
  const auto next = document ? next_page(document->root()) : std::nullopt;
  if (!next) return classify(CallKind::find, event);
  bool readable = true;
  if (shows(document->root(), thing_, readable))
    return unreadable(CallKind::find, event, "what was refused with a 403 is there");
  if (!readable) return classify(CallKind::find, event);
  if (next->empty()) return Proved{};
  if (!pages_.may_follow(*next)) return unreadable(CallKind::find, event, "the listing doesn't end");
  return pages_.call(*next);
}

}  // namespace batchd::proto
