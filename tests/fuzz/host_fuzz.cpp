// Which names we answer to, and whose page is behind a request. The first line is the Host that the client says, the
// second the address that we listen at, the third a name from the configuration; each further line is a header that a
// browser adds: "o" and an Origin, or "s" and a Sec-Fetch-Site.
#include "daemon/http/host.h"

#include <string>
#include <utility>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http_text.h"

using namespace batchd;
using namespace batchd::daemon;

namespace {

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

void check_name(std::string_view authority) {
  const auto name = host_name(authority);
  CHECK(host_name(upper(authority)) == name);
  if (name.empty()) return;
  CHECK(name == fuzz::lower(authority.substr(0, name.size())));
  const auto rest = authority.substr(name.size());
  CHECK(rest.empty() || (rest[0] == ':' && rest.find_first_not_of("0123456789", 1) == rest.npos));
  CHECK(name[0] == '[' ? name.find(']') == name.size() - 1 : name.find(':') == name.npos);
  CHECK(host_name(name) == name && host_name(name + ":8090") == name);
  CHECK(host_name(name + ":8090:1").empty() && host_name(name + ":8o").empty());
}

void check_known(std::string_view host, std::string_view listen, const std::string& more) {
  const KnownHosts hosts(listen, {more});
  for (const auto* name : {"localhost", "127.0.0.1:8090", "[::1]:1"}) CHECK(hosts.know(name));
  for (const auto* name : {"", ":8090"}) CHECK(!hosts.know(name));
  const auto name = host_name(host);
  const bool ours = name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == host_name(listen) ||
                    name == host_name(more);
  CHECK(hosts.know(host) == (ours && !name.empty()));
  // A name that only begins or ends with one of ours is somebody else's.
  if (ours && host_name(listen) != name + ".evil.example" && host_name(more) != name + ".evil.example")
    CHECK(!hosts.know(name + ".evil.example"));
}

void check_pages(std::string_view host, std::string_view lines) {
  RequestHead all;
  all.headers.emplace_back("host", host);
  CHECK(!is_cross_site(all));
  bool any = false;
  while (!lines.empty()) {
    const auto line = take_line(lines);
    if (line.empty()) continue;
    const bool origin = line[0] == 'o';
    const std::string value(line.substr(1));
    RequestHead one;
    one.headers = {{origin ? "origin" : "sec-fetch-site", value}, {"host", std::string(host)}};
    const bool foreign = is_cross_site(one);
    if (origin) {
      const auto authority = value.find("://") == value.npos ? "" : value.substr(value.find("://") + 3);
      CHECK(foreign == (fuzz::lower(authority) != fuzz::lower(host)));
    } else {
      CHECK(foreign == (value != "same-origin" && value != "none"));
    }
    any = any || foreign;
    all.headers.push_back(one.headers[0]);
    // No header hides another one, wherever it stands.
    CHECK(is_cross_site(all) == any);
    all.headers.insert(all.headers.begin(), one.headers[0]);
    CHECK(is_cross_site(all) == any);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = fuzz::text(data, size);
  const auto host = take_line(text);
  const auto listen = take_line(text);
  const auto more = take_line(text);
  for (const auto authority : {host, listen, more}) check_name(authority);
  check_known(host, listen, std::string(more));
  check_pages(host, text);
  return 0;
}
