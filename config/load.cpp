#include <toml++/toml.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/api_key.h"
#include "config/check.h"
#include "config/keys.h"
#include "config/variables.h"

namespace batchd::config {
namespace {

constexpr std::string_view kPrefix = "BATCHD_";
constexpr std::string_view kSeparator = "__";

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }
int line_of(const toml::key& key) { return static_cast<int>(key.source().begin.line); }

std::vector<std::string> names_of(const std::vector<Key>& keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.emplace_back(key.name);
  return names;
}

const Key* find_key(const std::vector<Key>& keys, std::string_view name) {
  const auto found = std::ranges::find(keys, name, &Key::name);
  return found == keys.end() ? nullptr : &*found;
}

// Reads the file and the environment once, and goes on after every fault.
class Loader {
 public:
  Loader(std::string origin, const Environment& environment, const Kinds& kinds)
      : origin_(std::move(origin)), environment_(environment), kinds_(kinds), sections_(sections_of(config_)) {}

  Config run(std::string_view text) {
    const auto table = parse_toml(text);
    read_sections(table);
    read_accounts(table);
    read_environment();
    read_models(table);  // last, since a model's section begins with the final values of its section
    for (auto& fault : check(config_, kinds_)) {
      if (const auto line = lines_.find(fault.key); line != lines_.end()) fault.line = line->second;
      faults_.push_back(std::move(fault));
    }
    if (faults_.empty()) return std::move(config_);
    std::ranges::stable_sort(faults_, {}, &Fault::line);
    throw ConfigError(origin_, std::move(faults_));
  }

 private:
  // After a syntax error there is nothing else to look at: it is the only fault.
  toml::table parse_toml(std::string_view text) const {
    try {
      return toml::parse(text, origin_);
    } catch (const toml::parse_error& error) {
      throw ConfigError(origin_,
                        {{static_cast<int>(error.source().begin.line), {}, std::string(error.description()), {}}});
    }
  }

  void blame(int line, std::string key, std::string what, std::string nearest = {}) {
    faults_.push_back({line, std::move(key), std::move(what), std::move(nearest)});
  }

  void read_sections(const toml::table& table) {
    for (const auto& [name, node] : table) {
      if (name == "accounts") continue;
      const auto section = std::ranges::find(sections_, name.str(), &Section::name);
      if (section == sections_.end()) {
        std::vector<std::string> known{"accounts"};
        for (const auto& one : sections_) known.emplace_back(one.name);
        blame(line_of(name), std::string(name.str()), "unknown section", nearest_name(name.str(), known));
      } else if (!node.is_table()) {
        blame(line_of(name), std::string(name.str()), "must be a section");
      } else {
        read_keys(std::string(name.str()), *node.as_table(), section->keys,
                  section->name == "packing" || section->name == "budget");
      }
    }
  }

  void read_keys(const std::string& section, const toml::table& table, const std::vector<Key>& keys, bool skip_tables) {
    for (const auto& [name, node] : table) {
      if (skip_tables && node.is_table()) continue;
      const auto path = section + '.' + std::string(name.str());
      lines_[path] = line_of(name);
      if (const auto* key = find_key(keys, name.str()))
        read_value(path, *key, node);
      else
        blame(line_of(name), path, "unknown key", hint(name.str(), keys));
    }
  }

  // Returns the same name in another section; else the name of this section that is most similar, empty if none is.
  std::string hint(std::string_view name, const std::vector<Key>& keys) const {
    for (const auto& section : sections_)
      if (find_key(keys, name) == nullptr && find_key(section.keys, name) != nullptr)
        return std::string(section.name) + '.' + std::string(name);
    return nearest_name(name, names_of(keys));
  }

  void read_value(const std::string& path, const Key& key, const toml::node& node) {
    std::optional<std::string> text;
    switch (written_as(key.slot)) {
      case Written::string:
        if (node.is_string()) text = node.as_string()->get();
        break;
      case Written::integer:
        if (node.is_integer()) text = std::to_string(node.as_integer()->get());
        break;
      case Written::boolean:
        if (node.is_boolean()) text = node.as_boolean()->get() ? "true" : "false";
        break;
    }
    if (!text) {
      blame(line_of(node), path, wrong_type(key));
    } else if (const auto wrong = assign(key.slot, *text)) {
      blame(line_of(node), path, *wrong);
    }
  }

  static std::string wrong_type(const Key& key) {
    if (std::holds_alternative<TextSlot>(key.slot)) return "must be a string";
    if (std::holds_alternative<CountSlot>(key.slot)) return "must be a whole number, without quotes";
    // Every other slot refuses an empty text and says what it wants.
    return assign(key.slot, {}).value_or("has the wrong type");
  }

  void read_accounts(const toml::table& table) {
    const auto* node = table.get("accounts");
    if (node == nullptr) return;
    if (!node->is_table()) return blame(line_of(*node), "accounts", "must be a section");
    if (node->as_table()->empty()) blame(line_of(*node), "accounts", "at least one account is needed");
    config_.accounts.clear();
    for (const auto& [name, account] : *node->as_table()) {
      const auto path = "accounts." + std::string(name.str());
      lines_[path] = line_of(name);
      if (account.is_table())
        read_keys(path, *account.as_table(), keys_of(config_.accounts[std::string(name.str())]), false);
      else
        blame(line_of(name), path, "must be a section [" + path + "]");
    }
  }

  void read_models(const toml::table& table) {
    read_models(table, "packing", config_.packing);
    read_models(table, "budget", config_.budget);
  }

  template <class Limits>
  void read_models(const toml::table& table, const std::string& section, PerModel<Limits>& target) {
    const auto* found = table.get_as<toml::table>(section);
    if (found == nullptr) return;
    for (const auto& [name, node] : *found) {
      if (!node.is_table()) continue;
      auto& limits = target.models[std::string(name.str())] = target.limits;
      read_keys(section + '.' + std::string(name.str()), *node.as_table(), keys_of(limits), false);
    }
  }

  void read_environment() {
    for (const auto& [variable, value] : environment_) {
      if (!variable.starts_with(kPrefix)) continue;
      const auto path = std::string_view(variable).substr(kPrefix.size());
      const auto split = path.find(kSeparator);
      if (split == std::string_view::npos) continue;
      read_variable(variable, lower_case(path.substr(0, split)), path.substr(split + kSeparator.size()), value);
    }
  }

  // Returns the account whose name `rest`, "NAME__KEY" of a variable, begins with, the one with the longest name; null
  // if there is none.
  std::pair<const std::string, Account>* account_of(std::string_view rest) {
    std::pair<const std::string, Account>* longest = nullptr;
    for (auto& account : config_.accounts)
      if (in_variable(rest).starts_with(in_variable(account.first) + std::string(kSeparator)) &&
          (longest == nullptr || account.first.size() > longest->first.size()))
        longest = &account;
    return longest;
  }

  void read_variable(const std::string& variable, const std::string& section, std::string_view rest,
                     const std::string& value) {
    std::vector<Key> keys;
    auto name = lower_case(rest);
    if (section == "accounts") {
      if (rest.find(kSeparator) == std::string_view::npos)
        return blame(0, variable, "must be BATCHD_ACCOUNTS__NAME__KEY");
      auto* account = account_of(rest);
      if (account == nullptr) return blame(0, variable, "no account of this name");
      name = name.substr(account->first.size() + kSeparator.size());
      if (name == "api_key") {  // a secret, which is no part of a Config: read_api_key() takes it
        const auto exact = own_key(account->first).variable;
        if (variable != exact) blame(0, variable, "must be written " + exact);
        return;
      }
      keys = keys_of(account->second);
    } else if (const auto found = std::ranges::find(sections_, section, &Section::name); found != sections_.end()) {
      keys = found->keys;
    } else {
      return blame(0, variable, "no section of this name");
    }
    const auto* key = find_key(keys, name);
    if (key == nullptr) return blame(0, variable, "no key of this name", nearest_name(name, names_of(keys)));
    if (const auto wrong = assign(key->slot, value)) blame(0, variable, *wrong);
  }

  const std::string origin_;
  const Environment& environment_;
  const Kinds& kinds_;
  Config config_;
  const std::vector<Section> sections_;  // points into config_
  std::map<std::string, int> lines_;     // where each key was written
  std::vector<Fault> faults_;
};

}  // namespace

Config parse(std::string_view toml, const std::string& origin, const Environment& environment, const Kinds& kinds) {
  return Loader(origin, environment, kinds).run(toml);
}

Config load(const std::string& path, const Environment& environment, const Kinds& kinds) {
  if (path.empty()) return parse("", "(no file)", environment, kinds);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (std::filesystem::is_directory(path)) throw ConfigError(path, {{0, {}, "is a directory", {}}});
  if (file) text << file.rdbuf();
  if (!file) throw ConfigError(path, {{0, {}, "can't be read", {}}});
  return parse(text.str(), path, environment, kinds);
}

}  // namespace batchd::config
