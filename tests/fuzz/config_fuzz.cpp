// The configuration: it is read, or refused with a message; printed and read again it means the same.
#include <string>

#include "config/config.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  std::optional<config::Config> read;
  try {
    read = config::parse(bytes, "fuzz", {}, config::kAnyKind);
  } catch (const config::ConfigError& e) {
    CHECK(*e.what() != '\0');
  }
  if (read) {
    const auto printed = config::render(*read);
    CHECK(config::render(config::parse(printed, "printed", {}, config::kAnyKind)) == printed);
  }
  return 0;
}
