#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <variant>

#include "emulator/base/dom.h"
#include "emulator/faults/fault_table.h"
#include "emulator/faults/faults.h"

namespace batchd::emulator {
namespace {

// A detail of a rule: its name and the member that it sets.
struct Member {
  std::string_view name;
  std::variant<std::int64_t Rule::*, double Rule::*, bool Rule::*, std::string Rule::*> field;
  std::int64_t low = 0;
  std::int64_t high = 0;
};

constexpr std::int64_t kMost = 1'000'000'000;
constexpr std::int64_t kDayMs = 86'400'000;

constexpr Member kMembers[] = {{"status", &Rule::status, 100, 599},
                               {"effect", &Rule::effect},
                               {"seconds", &Rule::seconds, 0, 86400},
                               {"ms", &Rule::milliseconds, 0, kDayMs},
                               {"code", &Rule::code, 1, 16},
                               {"message", &Rule::message},
                               {"silent", &Rule::silent},
                               {"as_status", &Rule::as_status},
                               {"executed", &Rule::executed, 0, 1},
                               {"share", &Rule::share, 0, 1},
                               {"fails", &Rule::fails},
                               {"polls", &Rule::polls, 0, kMost},
                               {"lists", &Rule::lists, 0, kMost},
                               {"get_too", &Rule::get_too},
                               {"bytes", &Rule::bytes, 0, 1LL << 31},
                               {"lines", &Rule::lines, 0, kMost},
                               {"head_bytes", &Rule::head_bytes, 0, kMost},
                               {"mid_line", &Rule::mid_line},
                               {"by", &Rule::by, -kMost, kMost},
                               {"count", &Rule::count, 1, 10'000'000},
                               {"to", &Rule::to},
                               {"path", &Rule::path},
                               {"name", &Rule::name},
                               {"text", &Rule::text},
                               {"retry_after", &Rule::text},
                               {"retry_info", &Rule::retry_info},
                               {"reason", &Rule::reason}};

// Reads one rule; every error message names the rule.
class RuleReader {
 public:
  RuleReader(const Value& rule, std::size_t number) : rule_(rule), number_(number) {}

  Rule read() {
    if (!rule_.IsObject()) refuse("must be an object");
    Rule rule;
    rule.number = number_;
    rule.on = read_on();
    const auto& fault = read_action(rule.on);
    rule.action = fault.action;
    read_selectors(rule);
    read_details(fault, rule);
    string("comment");  // for people
    for (const auto& entry : rule_.GetObject()) {
      const std::string name(emulator::text(entry.name));
      if (!known_.contains(name))
        refuse("\"" + name + "\" is unknown or has no meaning with \"do\": \"" + std::string(fault.name) + "\"");
    }
    return rule;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error("rule " + std::to_string(number_) + ": " + why);
  }

  const Value* find(std::string_view name) {
    known_.emplace(name);
    const auto found = rule_.FindMember(std::string(name).c_str());
    return found == rule_.MemberEnd() ? nullptr : &found->value;
  }

  std::string string(std::string_view name, const Value& value) const {
    if (!value.IsString()) refuse("\"" + std::string(name) + "\" must be a string");
    return std::string(emulator::text(value));
  }

  std::string string(std::string_view name) {
    const auto* value = find(name);
    return value ? string(name, *value) : std::string();
  }

  double number(std::string_view name, const Value& value, double low, double high) const {
    if (!value.IsNumber() || value.GetDouble() < low || value.GetDouble() > high) {
      refuse("\"" + std::string(name) + "\" must be a number from " + std::to_string(low) + " to " +
             std::to_string(high));
    }
    return value.GetDouble();
  }

  std::int64_t integer(std::string_view name, const Value& value, std::int64_t low, std::int64_t high) const {
    if (!value.IsInt64() || value.GetInt64() < low || value.GetInt64() > high) {
      refuse("\"" + std::string(name) + "\" must be a whole number from " + std::to_string(low) + " to " +
             std::to_string(high));
    }
    return value.GetInt64();
  }

  bool boolean(std::string_view name, const Value& value) const {
    if (!value.IsBool()) refuse("\"" + std::string(name) + "\" must be true or false");
    return value.GetBool();
  }

  On read_on() {
    const auto name = string("on");
    for (const On on : all_on()) {
      if (on_text(on) == name) return on;
    }
    refuse("\"on\" is missing or names no call: \"" + name + "\"");
  }

  const FaultKind& read_action(On on) {
    const auto name = string("do");
    std::string known;
    for (const auto& fault : fault_kinds()) {
      if (fault.kind != kind_of(on)) continue;
      if (fault.name != name) {
        known += " " + std::string(fault.name);
      } else if (applies(fault, on)) {
        return fault;
      } else {
        refuse("\"" + name + "\" is for \"on\": \"" + std::string(fault.only) + "\" only");
      }
    }
    const auto what = kind_of(on) == Kind::call ? std::string_view("call") : on_text(on);
    refuse("\"do\" of a " + std::string(what) + " must be one of:" + known);
  }

  std::uint64_t count(std::string_view name) {
    const auto* value = find(name);
    return value ? static_cast<std::uint64_t>(integer(name, *value, 1, kMost)) : 0;
  }

  void read_selectors(Rule& rule) {
    rule.nth = count("nth");
    rule.every = count("every");
    rule.first = count("first");
    if (const auto* value = find("probability")) rule.probability = number("probability", *value, 0, 1);
    if ((rule.nth > 0) + (rule.every > 0) + (rule.first > 0) + (rule.probability >= 0) > 1) {
      refuse("at most one of \"nth\", \"every\", \"first\" and \"probability\"");
    }
    if (rule.on == On::line) {
      if (const auto* value = find("first_attempt_only"))
        rule.first_attempt_only = boolean("first_attempt_only", *value);
    }
    read_conditions(rule);
  }

  void read_conditions(Rule& rule) {
    const bool has_prompts = rule.on == On::create || rule.on == On::line || rule.on == On::job;
    if (has_prompts) rule.if_prompt_contains = text_sought();
    if (kind_of(rule.on) == Kind::call && find("if_key")) rule.if_key = string("if_key");
  }

  std::string text_sought() {
    const char* name = "if_prompt_contains";
    if (find(name) && string(name).empty()) refuse("\"if_prompt_contains\" must not be empty");
    return string(name);
  }

  // The table's row has the details and their defaults.
  void read_details(const FaultKind& fault, Rule& rule) {
    Document defaults;
    DomFault broken;
    if (!parse(fault.members, defaults, broken)) throw std::logic_error("a row of the fault table is no JSON");
    const auto required = " " + std::string(fault.required) + " ";
    for (const auto& entry : defaults.GetObject()) {
      const auto name = emulator::text(entry.name);
      const auto* given = find(name);
      const bool needed = required.find(" " + std::string(name) + " ") != std::string::npos;
      if (!given && needed) refuse("\"" + std::string(name) + "\" is missing");
      if (given || !entry.value.IsNull()) read_detail(rule, name, given ? *given : entry.value);
    }
    read_more(rule);
  }

  void read_detail(Rule& rule, std::string_view name, const Value& value) {
    const auto member = std::ranges::find(kMembers, name, &Member::name);
    if (member == std::end(kMembers)) return read_special(rule, name, value);
    const auto low = member->low;
    const auto high = member->high;
    if (const auto* field = std::get_if<std::int64_t Rule::*>(&member->field)) {
      rule.*(*field) = integer(name, value, low, high);
    } else if (const auto* real = std::get_if<double Rule::*>(&member->field)) {
      rule.*(*real) = number(name, value, static_cast<double>(low), static_cast<double>(high));
    } else if (const auto* flag = std::get_if<bool Rule::*>(&member->field)) {
      rule.*(*flag) = boolean(name, value);
    } else {
      rule.*std::get<std::string Rule::*>(member->field) = string(name, value);
    }
  }

  void read_special(Rule& rule, std::string_view name, const Value& value) {
    if (name == "value") rule.value = to_json(value);
    if ((name == "body" || name == "error") && rule.body) refuse("either \"body\" or \"error\"");
    if (name == "body") rule.body = string(name, value);
    if (name == "error") {
      if (!value.IsObject()) refuse("\"error\" must be an object");
      rule.body = "{\"error\":" + to_json(value) + "}";
      rule.body_is_json = true;
    }
  }

  // Checks beyond the bounds of single members.
  void read_more(const Rule& rule) const {
    const bool informs = rule.action == Do::info_flood;
    if (rule.status != 0 && informs != (rule.status < 200))
      refuse("\"status\" must be a whole number from " + std::string(informs ? "100 to 199" : "200 to 599"));
    if ((rule.bytes >= 0) + (rule.lines >= 0) + (rule.head_bytes >= 0) > 1)
      refuse("at most one of \"bytes\", \"lines\" and \"head_bytes\"");
    if (rule.mid_line && rule.lines < 0) refuse("\"mid_line\" goes with \"lines\"");
    if (rule.action == Do::trickle && rule.bytes == 0) refuse("\"bytes\" must be at least 1");
  }

  const Value& rule_;
  std::size_t number_;
  std::set<std::string> known_;
};

}  // namespace

FaultFile parse_fault_file(std::string_view text) {
  Document document;
  DomFault fault;
  if (!parse(text, document, fault)) {
    throw std::runtime_error("not JSON, at byte " + std::to_string(fault.offset) + ": " + fault.what);
  }
  if (!document.IsObject()) throw std::runtime_error("must be an object with \"rules\"");
  FaultFile file;
  for (const auto& entry : document.GetObject()) {
    const auto name = emulator::text(entry.name);
    if (name == "seed" && entry.value.IsUint64()) {
      file.seed = entry.value.GetUint64();
    } else if (name == "rules" && entry.value.IsArray()) {
      for (const auto& rule : entry.value.GetArray())
        file.rules.push_back(RuleReader(rule, file.rules.size() + 1).read());
    } else if (name == "refusals" && entry.value.IsArray()) {
      for (const auto& refusal : entry.value.GetArray())
        file.refusals.push_back(read_refusal(refusal, file.refusals.size() + 1));
    } else if (name == "switches") {
      file.switches = switch_settings(entry.value);
    } else if (name != "comment" || !entry.value.IsString()) {
      throw std::runtime_error("\"" + std::string(name) + "\" is unknown or of the wrong type: there are \"seed\" (a " +
                               "whole number), \"rules\" and \"refusals\" (arrays) and \"switches\" (an object)");
    }
  }
  return file;
}

FaultFile load_fault_file(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("can't read the fault file " + path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  try {
    return parse_fault_file(text);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error("fault file " + path + ": " + e.what());
  }
}

}  // namespace batchd::emulator
