#include "proto/api/file_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "proto/api/foreign.h"
#include "proto/json/members.h"
#include "proto/json/opening.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kNamesMax = 64;  // of members that are looked at
constexpr std::string_view kLineForm = R"({"key"?,"request"})";

bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// The names of an object's members.
struct Names : json::MemberHandler {
  void member(std::string_view name, std::uint64_t) override {
    if (names.size() < kNamesMax) names.emplace_back(name);
  }
  void value(std::string_view) override {}
  void end_value(std::uint64_t) override {}

  std::vector<std::string> names;
  json::MemberScan scan{*this};
};

// The same of a line, and of the request in it.
struct LineNames : Names {
  void member(std::string_view name, std::uint64_t offset) override {
    Names::member(name, offset);
    in_request = name == "request";
  }
  void value(std::string_view fragment) override {
    if (in_request) request.scan.feed(fragment);
  }

  bool in_request = false;
  Names request;
};

SubmissionFault file_fault(std::string code, std::string detail) {
  return {.code = std::move(code), .detail = std::move(detail)};
}

}  // namespace

struct FileForm::Impl {
  explicit Impl(std::string_view the_endpoint) : endpoint(the_endpoint) {}

  std::optional<SubmissionFault> take(std::string_view fragment) {
    if (opening.size() < json::kOpeningBytes) {
      opening += fragment.substr(0, json::kOpeningBytes - opening.size());
      if (opening.size() == json::kOpeningBytes)
        if (auto fault = check_opening()) return fault;
    }
    while (!decided && !fragment.empty()) {
      const auto end = fragment.find('\n');
      if (auto fault = look_at(fragment.substr(0, end))) return fault;
      if (end == std::string_view::npos) break;
      fragment.remove_prefix(end + 1);
      if (auto fault = end_line()) return fault;
    }
    return std::nullopt;
  }

  std::optional<SubmissionFault> check_opening() const {
    const auto words = json::opening_fault(opening);
    if (words.empty()) return std::nullopt;
    return file_fault("bad_json", "the file " + std::string(words));
  }

  // Looks at a part of the first line that isn't blank.
  std::optional<SubmissionFault> look_at(std::string_view part) {
    if (!begun) {
      const auto first = std::ranges::find_if_not(part, is_white);
      if (first == part.end()) return std::nullopt;
      part.remove_prefix(static_cast<std::size_t>(first - part.begin()));
      begun = true;
      if (part[0] == '[')
        return file_fault("bad_json",
                          "the file is one JSON array: write each of its elements on a line of its own, without "
                          "brackets and commas (jq -c '.[]')");
    }
    for (auto c = part.begin(); c != part.end() && marks < 2; ++c) marks += is_white(*c) ? 0 : 1;
    lone_brace = marks == 1 && (lone_brace || part[0] == '{');
    // The object may be over before a comma: only there, since within the object there are many.
    while (!part.empty()) {
      const auto comma = part.find(',');
      const auto piece = part.substr(0, comma);
      if (comma_at_end && !std::ranges::all_of(piece, is_white)) comma_at_end = false;
      if (!over) line.scan.feed(piece);
      part.remove_prefix(piece.size());
      if (part.empty()) break;
      over = over || line.scan.finish();
      comma_at_end = over;
      if (!over) line.scan.feed(part.substr(0, 1));
      part.remove_prefix(1);
    }
    return std::nullopt;
  }

  std::optional<SubmissionFault> end_line() {
    if (!begun) return std::nullopt;
    decided = true;
    if (comma_at_end)
      return file_fault("bad_json",
                        "the file's lines end in commas: leave the comma at the end of each line out, so that each "
                        "line is one JSON object (sed 's/,[[:space:]]*$//')");
    if (lone_brace)
      return file_fault("bad_json",
                        "the file's objects stand on several lines each: write each of them on one line (jq -c .)");
    if (!over && !line.scan.finish()) return std::nullopt;  // that line's own fault
    return check_names();
  }

  std::optional<SubmissionFault> check_names() const {
    if (const auto found = std::ranges::find_if(line.names, is_foreign_line_member); found != line.names.end())
      return file_fault("unknown_member", "the file's lines have the form of another batch API, and not " +
                                              std::string(kLineForm) + ": " +
                                              unknown_member_words(*found, MemberOf::line));
    const auto& request = line.request.names;
    if (const auto found = foreign_request_member(request, endpoint); !found.empty())
      return file_fault("bad_request", "the requests in the file are written for another API: they have \"" +
                                           std::string(found) + "\", which " + endpoint +
                                           " doesn't know; write them as its own request objects");
    return std::nullopt;
  }

  const std::string endpoint;
  std::string opening;  // the first bytes
  bool begun = false, decided = false;
  int marks = 0;            // characters of the line that aren't white space; counts to 2
  bool lone_brace = false;  // the line so far is an opening brace and nothing else
  bool over = false;        // the object is complete, and a comma follows
  bool comma_at_end = false;
  LineNames line;
};

FileForm::FileForm(std::string_view endpoint) : impl_(std::make_unique<Impl>(endpoint)) {}
FileForm::~FileForm() = default;
FileForm::FileForm(FileForm&&) noexcept = default;

std::optional<SubmissionFault> FileForm::take(std::string_view fragment) { return impl_->take(fragment); }
std::optional<SubmissionFault> FileForm::finish() {
  if (impl_->decided) return std::nullopt;
  if (impl_->opening.size() < json::kOpeningBytes)
    if (auto fault = impl_->check_opening()) return fault;
  return impl_->end_line();
}
bool FileForm::decided() const { return impl_->decided; }

}  // namespace batchd::proto
