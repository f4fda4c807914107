#include "config/keys.h"

namespace batchd::config {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void print_keys(std::string& out, const std::vector<Key>& keys, bool comments) {
  for (const auto& key : keys) {
    if (comments) out += "# " + std::string(key.comment) + '\n';
    const auto value = current_text(key.slot);
    out += std::string(key.name) + " = " + (written_as(key.slot) == Written::string ? in_quotes(value) : value) + '\n';
  }
}

template <class Limits>
void print_models(std::string& out, const std::string& section, PerModel<Limits>& from) {
  for (auto& [model, limits] : from.models) {
    out += "\n[" + section + '.' + in_quotes(model) + "]\n";
    print_keys(out, keys_of(limits), false);
  }
}

}  // namespace

std::string render(const Config& config) {
  Config copy = config;  // the table of keys points into it
  std::string out =
      "# batchd's configuration. Times need a unit (ms, s, m, h, d), and so do sizes (B, KiB, MiB, GiB, KB, MB, GB).\n"
      "# $BATCHD_SECTION__KEY overrides a key: BATCHD_PACKING__MAX_AGE=30s. `batchd --check-config` finds every "
      "fault.\n";
  const auto print_accounts = [&] {
    for (auto& [name, account] : copy.accounts) {
      out += "\n# A provider's account: one key, one project.\n[accounts." + name + "]\n";
      print_keys(out, keys_of(account), true);
    }
  };
  for (const auto& section : sections_of(copy)) {
    if (section.name == "packing") print_accounts();
    out += "\n# " + std::string(section.comment) + "\n[" + std::string(section.name) + "]\n";
    print_keys(out, section.keys, true);
    if (section.name == "packing") print_models(out, "packing", copy.packing);
    if (section.name == "budget") print_models(out, "budget", copy.budget);
  }
  return out;
}

}  // namespace batchd::config
