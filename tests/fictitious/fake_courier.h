// courier's server in memory (courier.h).
#pragma once

#include <string>

#include "tests/fictitious/fake_shop.h"

namespace batchd::fictitious {

class FakeCourier final : public FakeShop {
 public:
  core::HttpEvent too_many() const override;

 private:
  Ask ask_of(const core::HttpCall& call) const override;
  core::HttpEvent serve(const core::HttpCall& call, const std::string& body) override;
  std::string job_prefix() const override { return "p-"; }
  std::string result_line(const Line& line, Fate fate, core::JobEnd end) const override;

  core::HttpEvent create(const std::string& body);
  core::HttpEvent list(std::string_view after) const;
  core::HttpEvent about_parcel(const std::string& method, std::string_view path);
};

}  // namespace batchd::fictitious
