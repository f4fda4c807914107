#include "core/ids.h"

#include <algorithm>
#include <array>

#include "core/base32.h"
#include "core/check.h"
#include "core/id_time.h"
#include "core/limits.h"

namespace batchd::core {
namespace {

constexpr std::size_t kTextLength = 13;  // room for 65 bits: the first digit is below 8

constexpr std::array<std::int8_t, 256> reverse_alphabet() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kBase32Digits.size(); ++i)
    table[static_cast<unsigned char>(kBase32Digits[i])] = static_cast<std::int8_t>(i);
  return table;
}
constexpr auto kReverse = reverse_alphabet();

constexpr std::int64_t kSequenceMask = (std::int64_t{1} << kIdSequenceBits) - 1;

}  // namespace

std::string id_text(std::int64_t value) {
  CHECK(value >= 0);
  std::string text(kTextLength, '0');
  auto rest = static_cast<std::uint64_t>(value);
  for (std::size_t i = kTextLength; i-- > 0;) {
    text[i] = kBase32Digits[rest & 31];
    rest >>= 5;
  }
  return text;
}

std::optional<std::int64_t> parse_id_text(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = kReverse[static_cast<unsigned char>(text[i])];
    if (digit < 0 || (i == 0 && digit > 7)) return std::nullopt;
    value = (value << 5) | static_cast<std::uint64_t>(digit);
  }
  return static_cast<std::int64_t>(value);
}

IdSource::IdSource(std::int64_t high_water, int node) : last_(high_water), node_(node) {
  CHECK(node >= 0 && node < (1 << kIdNodeBits));
}

std::int64_t IdSource::next(WallTime now) {
  const std::int64_t ms = std::max<std::int64_t>(now.time_since_epoch().count() - kIdEpochMs, 0);
  const std::int64_t fresh = (ms << kIdTimeShift) | (node_ << kIdSequenceBits);
  if (fresh > last_) {
    last_ = fresh;
  } else if ((last_ & kSequenceMask) != kSequenceMask) {
    ++last_;  // same millisecond, or the clock is behind the high-water mark
  } else {
    const std::int64_t following_ms = (last_ >> kIdTimeShift) + 1;  // 4096 ids in one millisecond: use the next one
    last_ = (following_ms << kIdTimeShift) | (node_ << kIdSequenceBits);
  }
  CHECK(last_ > 0);
  return last_;
}

std::string wire_key(BatchId batch, RequestId request) { return to_text(batch) + '-' + to_text(request); }

std::optional<WireKey> parse_wire_key(std::string_view text) {
  if (text.size() != kWireKeyBytes || text[kTextLength] != '-') return std::nullopt;
  const auto batch = parse_id<BatchId>(text.substr(0, kTextLength));
  const auto request = parse_id<RequestId>(text.substr(kTextLength + 1));
  if (!batch || !request) return std::nullopt;
  return WireKey{*batch, *request};
}

std::string upload_name(BatchId batch, int n) { return to_text(batch) + '-' + std::to_string(n); }

}  // namespace batchd::core
