#include "emulator/jobs/job_output.h"

#include <algorithm>
#include <string>
#include <vector>

#include "proto/json/validator.h"

namespace batchd::emulator {
namespace {

struct Span {
  std::uint64_t at = 0;
  std::size_t bytes = 0;
};

}  // namespace

void append_line(Blob& out, std::string_view line) {
  out.append(line);
  out.append("\n");
}

// Only the positions of the lines are in memory, not their bytes.
std::shared_ptr<Blob> shuffled(const Blob& blob, std::mt19937_64& random) {
  std::vector<Span> lines;
  LineReader reader(blob);
  std::uint64_t at = 0;
  for (std::string line; reader.next(line); at += line.size() + 1) lines.push_back({at, line.size()});
  std::shuffle(lines.begin(), lines.end(), random);
  auto out = std::make_shared<Blob>();
  std::string line;
  for (const auto& span : lines) {
    line.resize(span.bytes);
    blob.read(span.at, line);
    append_line(*out, line);
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
