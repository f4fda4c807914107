#include "proto/page/html.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/check.h"
#include "proto/json/utf8.h"

namespace batchd::proto::html {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string_view entity(char c) {
  if (c == '&') return "&amp;";
  if (c == '<') return "&lt;";
  if (c == '>') return "&gt;";
  if (c == '"') return "&quot;";
  if (c == '\'') return "&#39;";
  return {};
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto sequence = json::utf8_sequence(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
    const auto taken = sequence.complete ? sequence.bytes : 1;
    if (!sequence.complete || control)
      out += kReplacement;
    else if (const auto name = entity(text[0]); !name.empty())
      out += name;
    else
      out += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return out;
}

std::string count(std::int64_t number) {
  auto digits = std::to_string(number);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string bytes(std::int64_t bytes) {
  static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string duration(core::Duration duration) {
  const auto seconds = std::max<std::int64_t>(0, duration / std::chrono::seconds(1));
  const auto part = [](std::int64_t value, const char* unit) { return std::to_string(value) + ' ' + unit; };
  if (seconds < 60) return part(seconds, "s");
  if (seconds < 3600) return part(seconds / 60, "min");
  if (seconds < 48 * 3600) {
    const auto minutes = seconds / 60 % 60;
    return part(seconds / 3600, "h") + (minutes > 0 ? ' ' + part(minutes, "min") : "");
  }
  const auto hours = seconds / 3600 % 24;
  return part(seconds / 86400, "d") + (hours > 0 ? ' ' + part(hours, "h") : "");
}

void append_table(std::string& out, const std::vector<std::string_view>& columns,
                  const std::vector<std::vector<Cell>>& rows) {
  const auto attribute = [](std::string_view name, std::string_view value) {
    return value.empty() ? std::string() : ' ' + std::string(name) + "=\"" + escape(value) + '"';
  };
  out += "<div class=\"wide\"><table>\n<thead><tr>";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool numbers = !rows.empty() && rows.front().at(i).style == "num";
    out += "<th scope=\"col\"" + attribute("class", numbers ? "num" : "") + '>' + escape(columns[i]) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    CHECK(row.size() == columns.size());
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += "<td" + attribute("class", row[i].style) + attribute("data-label", columns[i]) + '>' +
             escape(row[i].text) + "</td>";
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
}

}  // namespace batchd::proto::html
