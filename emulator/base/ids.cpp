#include "emulator/base/ids.h"

#include <cstdio>
#include <ctime>
#include <random>

namespace batchd::emulator {

std::string random_id(std::size_t length) {
  static std::random_device device;
  std::uniform_int_distribution<std::size_t> pick(0, 35);
  std::string id;
  while (id.size() < length) id += "abcdefghijklmnopqrstuvwxyz0123456789"[pick(device)];
  return id;
}

std::string timestamp(TimePoint at, int digits) {
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = nanoseconds / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32];
  const auto n = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, "%09lld", static_cast<long long>(nanoseconds % 1'000'000'000));
  return std::string(date, n) + "." + std::string(fraction, static_cast<std::size_t>(digits)) + "Z";
}

bool valid_file_id(std::string_view id) {
  if (id.empty() || id.size() > 40 || id.front() == '-' || id.back() == '-') return false;
  for (const char c : id) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

std::size_t characters(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return n;
}

std::size_t tokens(std::size_t characters) { return (characters + 3) / 4; }

}  // namespace batchd::emulator
