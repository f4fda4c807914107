#include "proto/json/opening.h"

namespace batchd::json {
namespace {

using namespace std::string_view_literals;

struct Opening {
  std::string_view bytes, fault;
};

constexpr std::string_view kUtf32 = "is UTF-32: convert it to UTF-8 (iconv -f UTF-32 -t UTF-8)",
                           kUtf16 = "is UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)";

// The first that fits: the mark of UTF-16 begins like that of UTF-32.
constexpr Opening kOpenings[]{
    {"\xFF\xFE\0\0"sv, kUtf32},
    {"\0\0\xFE\xFF"sv, kUtf32},
    {"\xFF\xFE", kUtf16},
    {"\xFE\xFF", kUtf16},
    {"\xEF\xBB\xBF", "begins with a byte order mark: leave its first three bytes out (tail -c +4)"},
    {"\x1F\x8B", "is compressed by gzip: unpack it first (zcat)"},
    {"\x28\xB5\x2F\xFD", "is compressed by zstd: unpack it first (zstdcat)"},
    {"PK\x03\x04", "is a zip archive: unpack it first (unzip -p)"},
};

}  // namespace

std::string_view opening_fault(std::string_view first_bytes) {
  for (const auto& opening : kOpenings)
    if (first_bytes.starts_with(opening.bytes)) return opening.fault;
  // Without a mark: JSON begins with two characters of ASCII, and has no NUL.
  if (first_bytes.size() < 2) return {};
  if (first_bytes[0] == '\0' && first_bytes[1] != '\0')
    return "is UTF-16 (big endian): convert it to UTF-8 (iconv -f UTF-16BE -t UTF-8)";
  if (first_bytes[0] != '\0' && first_bytes[1] == '\0')
    return first_bytes.size() >= 4 && first_bytes[2] == '\0' && first_bytes[3] == '\0'
               ? "is UTF-32 (little endian): convert it to UTF-8 (iconv -f UTF-32LE -t UTF-8)"
               : "is UTF-16 (little endian): convert it to UTF-8 (iconv -f UTF-16LE -t UTF-8)";
  if (first_bytes.size() >= 4 && first_bytes.starts_with("\0\0\0"sv) && first_bytes[3] != '\0')
    return "is UTF-32 (big endian): convert it to UTF-8 (iconv -f UTF-32BE -t UTF-8)";
  return {};
}

}  // namespace batchd::json
