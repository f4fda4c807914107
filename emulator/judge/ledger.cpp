#include "emulator/judge/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "emulator/base/ids.h"
#include "proto/json/write.h"

namespace batchd::emulator {

std::string_view billed_text(Billed billed) {
  switch (billed) {
    case Billed::billed:
      return "billed";
    case Billed::not_billed:
      return "not billed";
    case Billed::withheld:
      return "withheld";
  }
  return "";
}

std::string_view delivered_text(Delivered delivered) {
  switch (delivered) {
    case Delivered::response:
      return "response";
    case Delivered::error:
      return "error";
    case Delivered::damaged:
      return "damaged";
    case Delivered::nothing:
      return "nothing";
  }
  return "";
}

Ledger::Ledger(const std::string& path) {
  if (path.empty()) return;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw std::runtime_error("can't open the ledger " + path + ": " + std::strerror(errno));
}

Ledger::~Ledger() {
  if (fd_ >= 0) ::close(fd_);
}

void Ledger::write(std::string_view event, const Texts& texts, const Numbers& numbers) {
  if (fd_ < 0) return;
  std::string row;
  json::Writer w(row);
  w.begin_object();
  w.key("event");
  w.string(event);
  for (const auto& [name, value] : texts) {
    w.key(name);
    w.string(value);
  }
  for (const auto& [name, value] : numbers) {
    w.key(name);
    w.number(value);
  }
  w.key("at");
  w.string(timestamp(std::chrono::system_clock::now(), 6));
  w.end_object();
  row += '\n';
  // One write per row: a reader never sees half a row, and a kill loses no row that was reported.
  if (::write(fd_, row.data(), row.size()) != static_cast<ssize_t>(row.size())) {
    throw std::runtime_error(std::string("can't write the ledger: ") + std::strerror(errno));
  }
}

void Ledger::fault(On on, const Rule& rule, const Texts& hit) {
  Texts texts{{"on", on_text(on)}, {"do", do_text(rule.action)}};
  texts.insert(texts.end(), hit.begin(), hit.end());
  write("fault", texts,
        {{"rule", static_cast<std::int64_t>(rule.number)}, {"count", static_cast<std::int64_t>(rule.seen)}});
}

void Ledger::line(std::string_view job, std::string_view key, std::string_view prompt_sha256, Billed billed,
                  Delivered delivered) {
  write("line", {{"job", job},
                 {"key", key},
                 {"prompt_sha256", prompt_sha256},
                 {"billed", billed_text(billed)},
                 {"delivered", delivered_text(delivered)}});
}

}  // namespace batchd::emulator
