#include "ctl/answers/objects.h"

#include "core/state.h"
#include "ctl/answers/document.h"
#include "ctl/answers/gemini.h"
#include "proto/json/members.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

class Collector : public json::MemberHandler {
 public:
  void member(std::string_view name, std::uint64_t) override {
    const auto [place, added] = members.emplace(name, std::string());
    repeated = repeated || !added;
    current_ = &place->second;
  }
  void value(std::string_view fragment) override { current_->append(fragment); }
  void end_value(std::uint64_t) override {}

  Members members;
  bool repeated = false;

 private:
  std::string* current_ = nullptr;
};

}  // namespace

std::optional<Members> scan_members(std::string_view object) {
  Collector collector;
  json::MemberScan scan(collector);
  if (!scan.feed(object) || !scan.finish() || collector.repeated) return std::nullopt;
  return std::move(collector.members);
}

std::string text_member(const Members& members, std::string_view name) {
  const auto found = members.find(name);
  std::string text;
  if (found == members.end() || !json::unescape(found->second, text)) return {};
  return text;
}

std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> elements;
  const auto open = array.find('[');
  if (open == std::string_view::npos) return elements;
  std::size_t begin = open + 1;
  const auto add = [&](std::size_t end) {
    auto element = array.substr(begin, end - begin);
    const auto first = element.find_first_not_of(" \t\r\n"), last = element.find_last_not_of(" \t\r\n");
    if (first != std::string_view::npos) elements.push_back(element.substr(first, last - first + 1));
    begin = end + 1;
  };
  int depth = 0;
  for (std::size_t i = begin; i < array.size(); ++i) {
    const char c = array[i];
    if (c == '"') {
      while (++i < array.size() && array[i] != '"') i += array[i] == '\\' ? 1 : 0;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth < 0) {
      add(i);
      break;
    } else if (c == ',' && depth == 0) {
      add(i);
    }
  }
  return elements;
}

bool is_finished(std::string_view state) {
  const auto known = core::parse_request_state(state);
  return known && core::is_terminal(*known);
}

std::string result_line(const Members& request) {
  std::string line;
  json::Writer writer(line);
  writer.begin_object();
  for (const char* name : {"key", "id", "cursor", "state", "error", "response_fault", "response_base64"})
    if (const auto found = request.find(name); found != request.end()) {
      writer.key(name);
      writer.raw(found->second);
    }
  if (const auto response = request.find("response"); response != request.end()) {
    writer.key("text");
    writer.string(answer_text(response->second).value_or(response->second));
  }
  writer.end_object();
  return line;
}

std::string error_words(std::string_view error) {
  const auto members = scan_members(error);
  if (!members) return std::string(error.substr(0, 500));
  std::string words = text_member(*members, "detail");
  if (words.empty()) words = text_member(*members, "message");
  if (words.empty()) words = text_member(*members, "title");
  if (const auto status = text_member(*members, "status"); !status.empty()) words = status + ": " + words;
  if (const auto hint = text_member(*members, "hint"); !hint.empty()) words += "\nhint: " + hint;
  return words;
}

}  // namespace batchd::ctl
