#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "emulator/dom.h"
#include "emulator/faults.h"

namespace batchd::emulator {
namespace {

constexpr On kAllOn[] = {On::any,          On::create,    On::generate,    On::upload_start, On::upload_chunk,
                         On::upload_query, On::get,       On::list,        On::cancel,       On::batch_delete,
                         On::file_get,     On::file_list, On::file_delete, On::download,     On::models,
                         On::line,         On::job};

constexpr Do kCallActions[] = {Do::status,       Do::reset_before, Do::reset_after, Do::withhold,
                               Do::status_after, Do::truncate,     Do::delay,       Do::invalid_key};
constexpr Do kLineActions[] = {Do::missing, Do::duplicate, Do::foreign, Do::swap_foreign_batch,
                               Do::no_key,  Do::garbage,   Do::error,   Do::block};
constexpr Do kJobActions[] = {Do::shuffle, Do::expire,        Do::fail,         Do::succeed_without_output_polls,
                              Do::stuck,   Do::ignore_cancel, Do::cancel_partly};

// Reads one rule; every complaint names the rule.
class RuleReader {
 public:
  RuleReader(const Value& rule, std::size_t number) : rule_(rule), where_("rule " + std::to_string(number)) {}

  Rule read() {
    if (!rule_.IsObject()) refuse("must be an object");
    Rule rule;
    rule.on = read_on();
    rule.action = read_action(rule.on);
    read_selectors(rule);
    read_details(rule);
    for (const auto& entry : rule_.GetObject()) {
      const std::string name(emulator::text(entry.name));
      if (!known_.contains(name))
        refuse("\"" + name + "\" is unknown or has no meaning with \"do\": \"" + std::string(do_text(rule.action)) +
               "\"");
    }
    return rule;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(where_ + ": " + why); }

  const Value* find(const char* name) {
    known_.insert(name);
    const auto found = rule_.FindMember(name);
    return found == rule_.MemberEnd() ? nullptr : &found->value;
  }

  std::string string(const char* name, std::string fallback = {}) {
    const auto* value = find(name);
    if (!value) return fallback;
    if (!value->IsString()) refuse("\"" + std::string(name) + "\" must be a string");
    return std::string(emulator::text(*value));
  }

  double number(const char* name, double low, double high, double fallback) {
    const auto* value = find(name);
    if (!value) return fallback;
    if (!value->IsNumber() || value->GetDouble() < low || value->GetDouble() > high) {
      refuse("\"" + std::string(name) + "\" must be a number from " + std::to_string(low) + " to " +
             std::to_string(high));
    }
    return value->GetDouble();
  }

  std::int64_t integer(const char* name, std::int64_t low, std::int64_t high, std::int64_t fallback) {
    const auto* value = find(name);
    if (!value) return fallback;
    if (!value->IsInt64() || value->GetInt64() < low || value->GetInt64() > high) {
      refuse("\"" + std::string(name) + "\" must be a whole number from " + std::to_string(low) + " to " +
             std::to_string(high));
    }
    return value->GetInt64();
  }

  bool boolean(const char* name) {
    const auto* value = find(name);
    if (!value) return false;
    if (!value->IsBool()) refuse("\"" + std::string(name) + "\" must be true or false");
    return value->GetBool();
  }

  On read_on() {
    const auto name = string("on");
    for (const On on : kAllOn) {
      if (on_text(on) == name) return on;
    }
    refuse("\"on\" is missing or names no call: \"" + name + "\"");
  }

  template <std::size_t N>
  Do pick(const Do (&actions)[N], const std::string& name, std::string_view what) {
    std::string known;
    for (const Do action : actions) {
      if (do_text(action) == name) return action;
      known += " " + std::string(do_text(action));
    }
    refuse("\"do\" of " + std::string(what) + " must be one of:" + known);
  }

  Do read_action(On on) {
    const auto name = string("do");
    if (on == On::line) return pick(kLineActions, name, "a line");
    if (on == On::job) return pick(kJobActions, name, "a job");
    const auto action = pick(kCallActions, name, "a call");
    if (action == Do::truncate && on != On::download) refuse("\"truncate\" is for \"on\": \"download\" only");
    return action;
  }

  void read_selectors(Rule& rule) {
    constexpr std::int64_t kMax = 1'000'000'000;
    rule.nth = static_cast<std::uint64_t>(integer("nth", 1, kMax, 0));
    rule.every = static_cast<std::uint64_t>(integer("every", 1, kMax, 0));
    rule.first = static_cast<std::uint64_t>(integer("first", 1, kMax, 0));
    rule.probability = number("probability", 0, 1, -1);
    if ((rule.nth > 0) + (rule.every > 0) + (rule.first > 0) + (rule.probability >= 0) > 1) {
      refuse("at most one of \"nth\", \"every\", \"first\" and \"probability\"");
    }
    if (rule.on == On::line) rule.first_attempt_only = boolean("first_attempt_only");
    read_conditions(rule);
  }

  void read_conditions(Rule& rule) {
    const bool has_prompts = rule.on == On::create || rule.on == On::line || rule.on == On::job;
    if (has_prompts) rule.if_prompt_contains = text_sought();
    const bool is_call = rule.on != On::line && rule.on != On::job;
    if (is_call && find("if_key")) rule.if_key = string("if_key");
  }

  std::string text_sought() {
    const char* name = "if_prompt_contains";
    if (find(name) && string(name).empty()) refuse("\"if_prompt_contains\" must not be empty");
    return string(name);
  }

  void read_details(Rule& rule) {
    if (rule.action == Do::status || rule.action == Do::status_after) {
      rule.status = static_cast<int>(integer("status", 200, 599, 0));
      if (rule.status == 0) refuse("\"status\" is missing");
      read_body(rule);
    }
    if (rule.action == Do::withhold) rule.seconds = number("seconds", 0, 86400, 60);
    if (rule.action == Do::delay) rule.milliseconds = integer("ms", 0, 86'400'000, 1000);
    if (rule.action == Do::error || rule.action == Do::fail) {
      rule.code = static_cast<int>(integer("code", 1, 16, 13));
      rule.message = string("message");
    }
    if (rule.action == Do::error) rule.as_status = boolean("as_status");
    if (rule.action == Do::fail) rule.silent = boolean("silent");
    if (rule.action == Do::fail) rule.executed = number("executed", 0, 1, 0);
    if (rule.action == Do::expire) rule.executed = number("executed", 0, 1, 0);
    if (rule.action == Do::cancel_partly) rule.executed = number("executed", 0, 1, 0.5);
    if (rule.action == Do::succeed_without_output_polls) rule.polls = static_cast<int>(integer("polls", 1, 1000000, 2));
  }

  void read_body(Rule& rule) {
    const auto* error = find("error");
    const auto* body = find("body");
    if (error && body) refuse("either \"body\" or \"error\"");
    if (error) {
      if (!error->IsObject()) refuse("\"error\" must be an object");
      rule.body = "{\"error\":" + to_json(*error) + "}";
      rule.body_is_json = true;
    }
    if (body) rule.body = string("body");
  }

  const Value& rule_;
  std::string where_;
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
    } else if (name == "switches") {
      file.switches = switch_settings(entry.value);
    } else {
      throw std::runtime_error("\"" + std::string(name) + "\" is unknown or of the wrong type: there are \"seed\" (a " +
                               "whole number), \"rules\" (an array) and \"switches\" (an object)");
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
