// HTTP written down in the plainest way, for targets that read again what was accepted.
#pragma once

#include <string>
#include <string_view>

#include "daemon/http/http_server.h"

namespace batchd::fuzz {

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Every byte as an escape, but the ones in `plain`.
inline std::string escape(std::string_view text, std::string_view plain) {
  constexpr std::string_view kDigits = "0123456789aBcDeF";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != plain.npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte / 16];
    out += kDigits[byte % 16];
  }
  return out;
}

// A target that means path and query of `head`.
inline std::string write_target(const daemon::RequestHead& head) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~";
  auto target = escape(head.path, std::string(kPlain) + "/.:");
  char mark = '?';
  for (const auto& [name, value] : head.query) {
    target += mark + escape(name, kPlain) + "=" + escape(value, kPlain);
    mark = '&';
  }
  return target;
}

}  // namespace batchd::fuzz
