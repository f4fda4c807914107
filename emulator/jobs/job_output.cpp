#include "emulator/jobs/job_output.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "emulator/base/dom.h"
#include "proto/json/members.h"
#include "proto/json/validator.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

struct Span {
  std::uint64_t at = 0;
  std::size_t bytes = 0;
};

// Returns the positions of the lines: only these are in memory, not the bytes.
std::vector<Span> spans_of(const Blob& blob) {
  std::vector<Span> lines;
  LineReader reader(blob);
  std::uint64_t at = 0;
  for (std::string line; reader.next(line); at += line.size() + 1) lines.push_back({at, line.size()});
  return lines;
}

std::string line_at(const Blob& blob, const Span& span) {
  std::string line(span.bytes, '\0');
  blob.read(span.at, line);
  return line;
}

// The members of a result line, as they stand in it.
class ResultMembers : public json::MemberHandler {
 public:
  explicit ResultMembers(std::string_view line) {
    json::MemberScan scan(*this);
    if (!json::validate(line, {}) || !scan.feed(line) || !scan.finish()) members_.clear();
  }

  void member(std::string_view name, std::uint64_t) override { members_.emplace_back(name, std::string()); }
  void value(std::string_view fragment) override { members_.back().second += fragment; }
  void end_value(std::uint64_t) override {}

  std::string* response() {
    const auto found = std::ranges::find(members_, "response", &Member::first);
    return found == members_.end() ? nullptr : &found->second;
  }
  std::string text() const {
    std::string out;
    json::Writer w(out);
    w.begin_object();
    for (const auto& [name, value] : members_) {
      w.key(name);
      w.raw(value);
    }
    w.end_object();
    return out;
  }

 private:
  using Member = std::pair<std::string, std::string>;
  std::vector<Member> members_;
};

std::string key_of(std::string_view line) {
  Document document;
  DomFault fault;
  if (!parse(line, document, fault)) return {};
  const auto* metadata = member(document, "metadata");
  return std::string(text(metadata ? *metadata : document, "key"));
}

// Returns for each line the one that it trades with; itself, if with none.
std::vector<std::size_t> partners(std::size_t lines, double share, std::mt19937_64& random) {
  std::vector<std::size_t> order(lines);
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto partner = order;
  std::shuffle(order.begin(), order.end(), random);
  auto chosen = static_cast<std::size_t>(share * static_cast<double>(lines));
  if (share > 0) chosen = std::min(std::max<std::size_t>(chosen, 2), lines);
  for (std::size_t i = 1; i < chosen; i += 2) {
    partner[order[i]] = order[i - 1];
    partner[order[i - 1]] = order[i];
  }
  return partner;
}

}  // namespace

void append_line(Blob& out, std::string_view line) {
  out.append(line);
  out.append("\n");
}

std::shared_ptr<Blob> shuffled(const Blob& blob, std::mt19937_64& random) {
  auto lines = spans_of(blob);
  std::shuffle(lines.begin(), lines.end(), random);
  auto out = std::make_shared<Blob>();
  for (const auto& span : lines) append_line(*out, line_at(blob, span));
  return out;
}

std::shared_ptr<Blob> swapped(const Blob& blob, double share, std::mt19937_64& random, const SwapTold& told) {
  const auto lines = spans_of(blob);
  const auto partner = partners(lines.size(), share, random);
  auto out = std::make_shared<Blob>();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto own = line_at(blob, lines[i]);
    const auto other = partner[i] == i ? std::string() : line_at(blob, lines[partner[i]]);
    ResultMembers to(own);
    ResultMembers from(other);
    if (!to.response() || !from.response()) {
      append_line(*out, own);
      continue;
    }
    *to.response() = *from.response();
    append_line(*out, to.text());
    told(key_of(own), key_of(other));
  }
  return out;
}

std::shared_ptr<const Blob> elements(const Blob& lines) {
  auto out = std::make_shared<Blob>();
  LineReader reader(lines);
  for (std::string line; reader.next(line);) {
    if (out->size() > 0) out->append(",");
    out->append(json::validate(line, {}) ? std::string_view(line) : std::string_view("{}"));
  }
  return out;
}

}  // namespace batchd::emulator
