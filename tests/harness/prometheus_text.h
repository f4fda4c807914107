// A strict reader of Prometheus's text format 0.0.4, written from its specification, not from our writer. Everything
// that a scraper could reject or a dashboard misread is a fault.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::harness {

struct PrometheusText {
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
  };
  struct Family {
    std::string type, help;
    std::vector<Sample> samples;
  };
  std::map<std::string, Family> families;
  std::vector<std::string> faults;  // for people; each names its line

  // Returns the one sample with this name and at least these labels; nullopt if there is none, or more than one.
  std::optional<double> value(std::string_view name, const Labels& labels = {}) const;
};

PrometheusText parse_prometheus(std::string_view text);

}  // namespace batchd::harness
