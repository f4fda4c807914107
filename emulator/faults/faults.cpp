#include "emulator/faults/faults.h"

#include "emulator/faults/fault_table.h"

namespace batchd::emulator {

std::string_view on_text(On on) {
  switch (on) {
    case On::any:
      return "any";
    case On::create:
      return "create";
    case On::generate:
      return "generate";
    case On::upload_start:
      return "upload_start";
    case On::upload_chunk:
      return "upload_chunk";
    case On::upload_query:
      return "upload_query";
    case On::get:
      return "get";
    case On::list:
      return "list";
    case On::cancel:
      return "cancel";
    case On::batch_delete:
      return "batch_delete";
    case On::file_get:
      return "file_get";
    case On::file_list:
      return "file_list";
    case On::file_delete:
      return "file_delete";
    case On::download:
      return "download";
    case On::models:
      return "models";
    case On::connection:
      return "connection";
    case On::line:
      return "line";
    case On::job:
      return "job";
  }
  return "";
}

std::optional<Rule> Faults::next(On on, const Subject& subject) {
  const bool is_call = kind_of(on) == Kind::call;
  const Rule* hit = nullptr;
  for (auto& rule : rules_) {
    if (rule.on != on && !(is_call && rule.on == On::any)) continue;
    if (!meets(rule, subject)) continue;
    ++rule.seen;
    // A random number is drawn for every rule, so that one rule's hits don't shift another's.
    const bool matched = matches(rule, subject.first_attempt);
    if (matched && !hit) hit = &rule;
  }
  return hit ? std::optional(*hit) : std::nullopt;
}

Texts Faults::texts_sought(On on) const {
  Texts texts;
  for (const auto& rule : rules_)
    if (rule.on == on && !rule.if_prompt_contains.empty()) texts.insert(rule.if_prompt_contains);
  return texts;
}

bool Faults::meets(const Rule& rule, const Subject& subject) {
  if (rule.if_key && *rule.if_key != subject.key) return false;
  const auto& text = rule.if_prompt_contains;
  return text.empty() || subject.prompt.find(text) != std::string_view::npos ||
         (subject.found && subject.found->contains(text));
}

bool Faults::matches(const Rule& rule, bool first_attempt) {
  bool selected = true;
  if (rule.nth > 0) selected = rule.seen == rule.nth;
  if (rule.every > 0) selected = rule.seen % rule.every == 0;
  if (rule.first > 0) selected = rule.seen <= rule.first;
  if (rule.probability >= 0) selected = std::uniform_real_distribution<double>(0, 1)(random_) < rule.probability;
  return selected && (first_attempt || !rule.first_attempt_only);
}

}  // namespace batchd::emulator
