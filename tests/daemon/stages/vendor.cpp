#include "tests/daemon/stages/vendor.h"

#include "proto/gemini/gemini.h"
#include "tests/daemon/stages/fake_gemini.h"
#include "tests/fictitious/courier.h"
#include "tests/fictitious/depot.h"
#include "tests/fictitious/fake_courier.h"
#include "tests/fictitious/fake_depot.h"

namespace batchd::daemon::testing {
namespace {

std::unique_ptr<core::Provider> the_gemini() { return proto::make_gemini(); }

template <class Fake>
std::unique_ptr<fictitious::FakeProvider> new_fake() {
  return std::make_unique<Fake>();
}

}  // namespace

const Vendor& gemini_vendor() {
  static const Vendor vendor{
      "gemini", {"default", "generateContent", "gemini-2.5-flash"}, the_gemini, new_fake<FakeGemini>};
  return vendor;
}
const Vendor& depot_vendor() {
  static const Vendor vendor{
      "depot", {"default", "/d/answer", "acme/large:v2"}, fictitious::make_depot, new_fake<fictitious::FakeDepot>};
  return vendor;
}
const Vendor& courier_vendor() {
  static const Vendor vendor{
      "courier", {"default", "ask", "swift-1"}, fictitious::make_courier, new_fake<fictitious::FakeCourier>};
  return vendor;
}
std::vector<const Vendor*> all_vendors() { return {&gemini_vendor(), &depot_vendor(), &courier_vendor()}; }

}  // namespace batchd::daemon::testing
