// The configuration: read, or refused with words; and what was read means the same when it is printed and read again.
#include <string>

#include "config/config.h"
#include "tests/fuzz/fuzz.h"

using namespace batchd;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text(data, size);
  std::optional<config::Config> read;
  try {
    read = config::parse(bytes, "fuzz", {});
  } catch (const config::ConfigError& e) {
    CHECK(*e.what() != '\0');
  }
  if (read) {
    const auto printed = config::render(*read);
    CHECK(config::render(config::parse(printed, "printed", {})) == printed);
  }
  return 0;
}
