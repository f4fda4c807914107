// The results of one group, as they come, until it has no more to wait for.
#pragma once

#include <string>

#include "ctl/link/session.h"

namespace batchd::ctl {

struct GroupResults {
  std::string group, channel;
  std::size_t lines;  // of the group
  Wait wait;
  bool acknowledge;  // those that were printed, after they were
};

// kFailed if one of them has no response; kTryLater if the wait ended first. What other groups have in the channel is
// left alone.
int print_group_results(Session& session, const GroupResults& wanted);

}  // namespace batchd::ctl
