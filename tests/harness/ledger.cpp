#include "tests/harness/ledger.h"

#include <algorithm>
#include <iterator>

#include "proto/json/digest.h"
#include "tests/harness/json.h"

namespace batchd::harness {

const std::vector<LedgerRow>& Ledger::rows() {
  std::ifstream in(path_, std::ios::binary);
  in.seekg(read_);
  const std::string fresh((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::size_t begin = 0;
  for (auto end = fresh.find('\n'); end != std::string::npos; end = fresh.find('\n', begin)) {
    const Json row(std::string_view(fresh).substr(begin, end - begin));
    rows_.push_back({row.text("/event"), row.text("/job"), row.text("/key"), row.text("/prompt_sha256"),
                     row.text("/billed"), row.text("/file"), row.text("/token"), row.text("/on"), row.text("/do"),
                     row.number("/lines", 0), row.text("/delivered")});
    begin = end + 1;
  }
  read_ += static_cast<std::streamoff>(begin);
  return rows_;
}

std::size_t Ledger::count(std::string_view event) {
  return static_cast<std::size_t>(std::ranges::count(rows(), event, &LedgerRow::event));
}

std::size_t Ledger::count_faults(std::string_view on, std::string_view action) {
  const auto match = [&](const LedgerRow& row) { return row.event == "fault" && row.on == on && row.action == action; };
  return static_cast<std::size_t>(std::ranges::count_if(rows(), match));
}

std::map<std::string, int> Ledger::lines(std::string_view billed) {
  std::map<std::string, int> out;
  for (const auto& row : rows())
    if (row.event == "line" && row.billed == billed) ++out[row.prompt_sha256];
  return out;
}

std::string prompt_digest(std::string_view prompt) { return json::hex(json::sha256(prompt)); }

}  // namespace batchd::harness
