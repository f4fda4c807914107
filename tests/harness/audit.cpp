#include "tests/harness/audit.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <sstream>
#include <stdexcept>

#include "tests/harness/process.h"

namespace batchd::harness {
namespace {

struct Said {
  int exit_code;
  std::string text;
};

Said ask(const TempFolder& folder, const std::string& answer, std::vector<std::string> arguments) {
  const auto output = folder.file(answer);
  write_file(output, "");
  auto process = Process::start(
      {.binary = EMULATOR_BINARY, .arguments = std::move(arguments), .environment = {}, .output = output});
  const auto code = process.wait();
  return {code.value_or(-1), read_file(output)};
}

}  // namespace

std::vector<ListedFault> listed_faults() {
  const TempFolder folder;
  const auto said = ask(folder, "list", {"--list-faults"});
  std::vector<ListedFault> out;
  std::istringstream in(said.text);
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find('\t');
    const auto second = line.find('\t', first + 1);
    if (second == std::string::npos) throw std::runtime_error("no line of a list of faults: " + line);
    out.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  if (said.exit_code != 0 || out.empty()) throw std::runtime_error("gemini-emulator lists no faults");
  return out;
}

std::string with_members(const std::string& rule, std::string_view members) {
  rapidjson::Document target, changes;
  target.Parse(rule.data(), rule.size());
  const auto text = "{" + std::string(members) + "}";
  changes.Parse(text.data(), text.size());
  if (target.HasParseError() || changes.HasParseError()) throw std::runtime_error("not JSON: " + rule + text);
  auto& memory = target.GetAllocator();
  for (const auto& change : changes.GetObject()) {
    target.RemoveMember(change.name);
    rapidjson::Value name(change.name, memory), value(change.value, memory);
    target.AddMember(name, value, memory);
  }
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  target.Accept(writer);
  return {out.GetString(), out.GetSize()};
}

Verdict audit(const TempFolder& folder, const std::vector<std::string>& expected_digests) {
  std::string expected;
  for (const auto& digest : expected_digests) expected += digest + '\n';
  write_file(folder.file("expected"), expected);
  const auto said =
      ask(folder, "verdict.json", {"audit", "--json", folder.file("ledger.jsonl"), folder.file("expected")});
  return {said.exit_code, Json(said.text)};
}

}  // namespace batchd::harness
