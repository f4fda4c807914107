// Prints the results of one group as they come, until no request of the group is under way.
#pragma once

#include <string>

#include "ctl/link/session.h"

namespace batchd::ctl {

struct GroupResults {
  std::string group, channel;
  std::size_t lines;  // lines of the group
  Wait wait;
  bool acknowledge;  // acknowledge results after they were printed
};

// Returns kFailed if one of the results has no response, kTryLater if the wait ended first. Results of other groups in
// the channel are left alone.
int print_group_results(Session& session, const GroupResults& wanted);

}  // namespace batchd::ctl
