#include "emulator/server/http.h"

#include "emulator/base/ids.h"

namespace batchd::emulator {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view lookup(const std::map<std::string, std::string>& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

std::string_view Request::header(const std::string& lower_case_name) const { return lookup(headers, lower_case_name); }
std::string_view Request::parameter(const std::string& name) const { return lookup(query, name); }

void set_target(Request& request, std::string_view target) {
  const auto mark = target.find('?');
  request.path = decode(target.substr(0, mark));
  if (mark == std::string_view::npos) return;
  target.remove_prefix(mark + 1);
  while (!target.empty()) {
    const auto end = target.find('&');
    const auto pair = target.substr(0, end);
    const auto equals = pair.find('=');
    request.query[decode(pair.substr(0, equals))] =
        equals == std::string_view::npos ? std::string() : decode(pair.substr(equals + 1));
    if (end == std::string_view::npos) break;
    target.remove_prefix(end + 1);
  }
}

const std::string& inset_mark() {
  static const std::string mark = "\"inset-" + random_id(24) + "\"";
  return mark;
}

void put_insets(Response& response) {
  if (!response.inset) return;
  auto whole = std::make_shared<Blob>();
  const std::string_view body = response.body;
  for (std::size_t from = 0;;) {
    const auto mark = body.find(inset_mark(), from);
    whole->append(body.substr(from, mark - from));
    if (mark == std::string_view::npos) break;
    whole->append(*response.inset);
    from = mark + inset_mark().size();
  }
  response.blob = std::move(whole);
  response.inset = nullptr;
}

Response json_text(int http_status, std::string body) {
  Response response;
  response.status = http_status;
  response.body = std::move(body);
  return response;
}

Response plain_text(int http_status, std::string_view text) {
  Response response;
  response.status = http_status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return response;
}

}  // namespace batchd::emulator
