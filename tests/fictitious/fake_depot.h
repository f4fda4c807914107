// depot's server in memory (depot.h).
#pragma once

#include <map>
#include <string>

#include "tests/fictitious/fake_shop.h"

namespace batchd::fictitious {

class FakeDepot final : public FakeShop {
 public:
  void forget() override;
  core::HttpEvent too_many() const override;
  const std::map<std::string, std::string>& crates() const { return crates_; }  // what it stores, by name

 private:
  Ask ask_of(const core::HttpCall& call) const override;
  core::HttpEvent serve(const core::HttpCall& call, const std::string& body) override;
  void look_at_input(Job& job) override;
  std::string job_prefix() const override { return "run_"; }
  std::string result_line(const Line& line, Fate fate, core::JobEnd end) const override;

  core::HttpEvent take_crate(const std::string& form);
  core::HttpEvent create(const std::string& body);
  core::HttpEvent list(std::string_view after) const;
  core::HttpEvent about_crate(const std::string& method, std::string_view path);
  core::HttpEvent about_run(const std::string& method, std::string_view path);

  std::map<std::string, std::string> crates_;
};

}  // namespace batchd::fictitious
