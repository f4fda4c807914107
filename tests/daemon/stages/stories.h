// Stories that are told of several providers: what they all need, and how they are judged.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/daemon/stages/world.h"

namespace batchd::daemon::testing {

class Story : public AnyWorld, public ::testing::WithParamInterface<const Vendor*> {
 protected:
  Story();  // with pauses that leave little to wait for, so that a story has few looks

  // Returns true if jobs of this provider carry no tag: then an operator decides whether one is a batch's.
  bool blind() const { return provider_->caps().tag == Caps::Tag::none; }

  void until_a_job_is_open();
  // Lets time pass and ends so every job that batchd knows, until no request is waiting. An operator decides on held
  // batches: the batch adopts the job that has its requests (others that have them are stopped), or is sent again if
  // there is none.
  void finish(const fictitious::Ending& ending = {});
  int decisions = 0;           // of the operator's
  bool job_came_late = false;  // the job of a held batch was made after that, so it isn't named
  std::int64_t unfinished();
  std::vector<RequestId> requests_of(const std::string& job) const;

  // Tells the story of three requests, one of them Bob's, once for each moment at which the process can be killed.
  // `begin` is called before the requests are accepted. Returns how many moments there are. Outside of a long run
  // (tests/harness/size.h) only one in `one_in` moments is tried, other ones with each provider.
  int at_each_moment(int one_in, const std::function<void()>& begin);

  // --- the judgement
  // Each has succeeded with the response to its own body, and was paid for once.
  void expect_delivered(const std::vector<RequestId>& ids, OwnerId owner = kAnna);
  // Nothing was paid for twice or is still running, and so many requests are booked as possibly charged.
  void expect_books(std::int64_t booked = 0);
  std::int64_t possibly_charged();

 private:
  void decide(const Batch& held);

  std::unique_ptr<Provider> provider_ = vendor.make();
};

inline std::string vendor_name(const ::testing::TestParamInfo<const Vendor*>& each) { return each.param->name; }

}  // namespace batchd::daemon::testing
