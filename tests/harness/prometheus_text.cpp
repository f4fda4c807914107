#include "tests/harness/prometheus_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <regex>
#include <set>

namespace batchd::harness {
namespace {

using Labels = PrometheusText::Labels;
using Sample = PrometheusText::Sample;

bool matches(const std::string& text, const char* pattern) { return std::regex_match(text, std::regex(pattern)); }

// The family that a sample of a histogram belongs to.
std::string without_suffix(const std::string& name) {
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"})
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  return name;
}

class Reader {
 public:
  PrometheusText read(std::string_view text) {
    if (text.empty() || text.back() != '\n') fault("the last line has no newline");
    while (!text.empty()) {
      ++line_;
      const auto end = std::min(text.find('\n'), text.size() - 1);
      read_line(std::string(text.substr(0, end)));
      text.remove_prefix(end + 1);
    }
    for (const auto& [name, family] : out_.families) judge(name, family);
    return std::move(out_);
  }

 private:
  void fault(const std::string& what) { out_.faults.push_back(std::to_string(line_) + ": " + what); }

  void read_line(const std::string& line) {
    if (line.empty()) return;
    if (line.starts_with("# HELP ")) return begin_family(line.substr(7), false);
    if (line.starts_with("# TYPE ")) return begin_family(line.substr(7), true);
    if (line.starts_with("#")) return fault("a comment that nobody asked for");
    read_sample(line);
  }

  void begin_family(const std::string& rest, bool type) {
    const auto space = rest.find(' ');
    const auto name = rest.substr(0, space);
    if (space == std::string::npos || space + 1 == rest.size()) fault("nothing said of " + name);
    auto& family = out_.families[name];
    auto& place = type ? family.type : family.help;
    if (!place.empty()) fault((type ? "TYPE of " : "HELP of ") + name + " comes twice");
    if (!family.samples.empty()) fault("HELP or TYPE of " + name + " after its samples");
    place = rest.substr(std::min(space, rest.size() - 1) + 1);
    current_ = name;
  }

  void read_sample(const std::string& line) {
    Sample sample;
    std::size_t at = line.find_first_of("{ ");
    if (at == std::string::npos) return fault("not a sample: " + line);
    sample.name = line.substr(0, at);
    if (line[at] == '{' && !read_labels(line, at, sample.labels)) return fault("bad labels: " + line);
    if (at >= line.size() || line[at] != ' ') return fault("no value: " + line);
    const auto value = line.substr(at + 1);
    if (!matches(value, R"(-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?|[+-]Inf|NaN)")) return fault("not a number: " + line);
    sample.value = value == "+Inf" ? std::numeric_limits<double>::infinity() : std::strtod(value.c_str(), nullptr);
    auto name = sample.name;
    if (!out_.families.contains(name)) name = without_suffix(name);
    const auto family = out_.families.find(name);
    if (family == out_.families.end()) return fault("a sample without HELP and TYPE: " + line);
    if (name != current_) fault("samples of " + name + " don't stand together");
    if (!series_.insert({sample.name, sample.labels}).second) fault("the same series twice: " + line);
    family->second.samples.push_back(std::move(sample));
  }

  // From the opening brace to behind the closing one.
  static bool read_labels(const std::string& line, std::size_t& at, Labels& labels) {
    ++at;
    while (at < line.size() && line[at] != '}') {
      const auto equals = line.find("=\"", at);
      if (equals == std::string::npos) return false;
      const auto name = line.substr(at, equals - at);
      std::string value;
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] != '\\') {
          value += line[at];
          continue;
        }
        const auto escaped = line.find_first_of("\\\"n", at + 1);
        if (escaped != at + 1) return false;
        value += line[++at] == 'n' ? '\n' : line[at];
      }
      if (at >= line.size() || !matches(name, "[a-zA-Z_][a-zA-Z0-9_]*") || name.starts_with("__")) return false;
      if (!labels.emplace(name, value).second) return false;
      if (++at < line.size() && line[at] == ',') ++at;
    }
    return at++ < line.size();
  }

  void judge(const std::string& name, const PrometheusText::Family& family) {
    const auto blame = [&](const std::string& what) { out_.faults.push_back(name + ": " + what); };
    if (!matches(name, "batchd_[a-z0-9_]+")) blame("not one of our names");
    if (family.help.empty() || family.type.empty()) blame("no HELP or no TYPE");
    const bool counter = family.type == "counter", histogram = family.type == "histogram";
    if (!counter && !histogram && family.type != "gauge") blame("type " + family.type);
    if (counter != name.ends_with("_total")) blame("_total is for counters, and for all of them");
    if (matches(name, ".*_(ms|milliseconds|micros|minutes|hours|kb|mb|kib|mib|percent|ratio_percent)(_.*)?"))
      blame("not a base unit");
    if (matches(name, ".*_(seconds|bytes)_(?!total).*") || (histogram && !name.ends_with("_seconds")))
      blame("the unit doesn't stand at the end");
    for (const auto& sample : family.samples)
      if (counter && (sample.value < 0 || std::isnan(sample.value))) blame("a counter below 0");
    if (histogram) judge_histogram(family, blame);
  }

  template <class Blame>
  static void judge_histogram(const PrometheusText::Family& family, const Blame& blame) {
    struct Series {
      std::vector<std::pair<double, double>> buckets;
      std::optional<double> sum, count;
    };
    std::map<Labels, Series> all;
    for (const auto& sample : family.samples) {
      auto labels = sample.labels;
      const auto bound = labels.extract("le");
      auto& series = all[labels];
      if (sample.name.ends_with("_sum"))
        series.sum = sample.value;
      else if (sample.name.ends_with("_count"))
        series.count = sample.value;
      else if (bound)
        series.buckets.emplace_back(bound.mapped() == "+Inf" ? std::numeric_limits<double>::infinity()
                                                             : std::strtod(bound.mapped().c_str(), nullptr),
                                    sample.value);
      else
        blame("a bucket without le");
    }
    for (const auto& [labels, series] : all) {
      if (!series.sum || !series.count) blame("no _sum or no _count");
      if (series.buckets.empty() || !std::isinf(series.buckets.back().first)) {
        blame("no bucket +Inf at the end");
        continue;
      }
      if (series.count && series.buckets.back().second != *series.count) blame("+Inf isn't the count");
      for (std::size_t i = 1; i < series.buckets.size(); ++i)
        if (series.buckets[i].first <= series.buckets[i - 1].first ||
            series.buckets[i].second < series.buckets[i - 1].second)
          blame("buckets don't ascend");
    }
  }

  PrometheusText out_;
  std::set<std::pair<std::string, Labels>> series_;
  std::string current_;
  int line_ = 0;
};

}  // namespace

std::optional<double> PrometheusText::value(std::string_view name, const Labels& labels) const {
  std::optional<double> found;
  for (const auto& [family_name, family] : families)
    for (const auto& sample : family.samples) {
      if (sample.name != name || !std::ranges::includes(sample.labels, labels)) continue;
      if (found) return std::nullopt;
      found = sample.value;
    }
  return found;
}

PrometheusText parse_prometheus(std::string_view text) { return Reader().read(text); }

}  // namespace batchd::harness
