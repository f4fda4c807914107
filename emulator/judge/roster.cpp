#include "emulator/judge/roster.h"

#include <string>

#include "emulator/server/turns.h"
#include "proto/json/write.h"

namespace batchd::emulator {

void Roster::add(const InputLine& line) {
  if (!kept_) return;
  std::string row;
  json::Writer w(row);
  w.begin_object();
  w.key("key");
  w.string(line.key);
  w.key("prompt_sha256");
  w.string(line.prompt.sha256());
  w.end_object();
  rows_.append(row + '\n');
}

Task<void> Roster::write(Ledger& ledger, std::string_view job) const {
  const std::string owner(job);
  Turns turns;
  LineReader reader(rows_);
  for (std::string row; reader.next(row);) {
    Document document;
    DomFault fault;
    if (!parse(row, document, fault)) continue;
    ledger.write("request",
                 {{"job", owner}, {"key", text(document, "key")}, {"prompt_sha256", text(document, "prompt_sha256")}});
    co_await turns.spend(row.size());
  }
}

}  // namespace batchd::emulator
