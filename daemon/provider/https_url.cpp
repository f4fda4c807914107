#include "daemon/provider/https_url.h"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <stdexcept>

namespace batchd::daemon {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument("base_url: " + why); }

bool visible(char c) { return c > 0x20 && c < 0x7f; }

bool is_tchar(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
}

bool is_http_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_tchar); }

bool loopback(const std::string& host) {
  boost::system::error_code no_literal;
  const auto address = boost::asio::ip::make_address(host, no_literal);
  return no_literal ? host == "localhost" : address.is_loopback();
}

bool host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// Splits "host[:port]" or "[v6][:port]".
void parse_authority(std::string_view text, BaseUrl& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) refuse("']' is missing");
    url.host = text.substr(1, end - 1);
    boost::system::error_code bad;
    boost::asio::ip::make_address_v6(url.host, bad);
    if (bad) refuse("not an IPv6 address in brackets");
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    if (url.host.empty() || !std::ranges::all_of(url.host, host_char)) refuse("no valid host");
    port = text.substr(colon);
  }
  if (port.empty()) {
    url.port = url.tls ? "443" : "80";
  } else {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
    if (port.front() != ':' || error != std::errc{} || end != port.data() + port.size() || number == 0 ||
        number > 65535)
      refuse("no valid port");
    url.port = std::to_string(number);
  }
  url.host_header = text;
}

}  // namespace

BaseUrl parse_base_url(std::string_view text) {
  BaseUrl url;
  if (!std::ranges::all_of(text, visible)) refuse("blanks and control characters are not allowed");
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    url.tls = false;
    text.remove_prefix(7);
  } else {
    refuse("must begin with https://");
  }
  if (text.find_first_of("?#@\\") != text.npos) refuse("no user, query or fragment allowed");
  const auto slash = std::min(text.find('/'), text.size());
  parse_authority(text.substr(0, slash), url);
  if (!url.tls && !loopback(url.host)) refuse("plain http is only for loopback addresses");
  url.prefix = text.substr(slash);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  return url;
}

std::string redirect_target(const BaseUrl& url, std::string_view location) {
  if (!std::ranges::all_of(location, visible) || location.starts_with("//")) return {};
  if (!location.starts_with('/')) {
    const auto scheme = location.find("://");
    if (scheme == location.npos) return {};
    const auto path = std::min(location.find('/', scheme + 3), location.size());
    try {
      const auto there = parse_base_url(location.substr(0, path));
      if (there.tls != url.tls || there.port != url.port || !boost::iequals(there.host, url.host)) return {};
    } catch (const std::invalid_argument&) {  // not an origin that a base_url of ours could have
      return {};
    }
    location.remove_prefix(path);
  }
  if (!location.starts_with(url.prefix)) return {};
  location.remove_prefix(url.prefix.size());
  const bool climbs = location.substr(0, location.find('?')).find("..") != location.npos;
  if (!location.starts_with('/') || climbs || location.find('#') != location.npos) return {};
  return std::string(location);
}

std::string_view malformed(const core::HttpCall& call) {
  if (!is_http_token(call.method)) return "the method isn't a token";
  if (!call.target.starts_with('/') || !std::ranges::all_of(call.target, visible)) return "the target isn't a path";
  for (const auto& header : call.headers) {
    if (!is_http_token(header.name)) return "a header's name isn't a token";
    const auto control = [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; };
    if (std::ranges::any_of(header.value, control)) return "a header's value holds a control character";
  }
  return {};
}

}  // namespace batchd::daemon
