// batchctl's exit codes; those of sysexits.h where they fit.
#pragma once

namespace batchd::ctl {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,        // the request itself ended without a response
  kUsage = 64,        // the command line is wrong
  kBadInput = 65,     // the daemon or batchctl refuses the input
  kUnavailable = 69,  // batchd isn't running, doesn't answer, or answers nonsense
  kTryLater = 75,     // not finished yet, or no room at the moment
  kNoPermission = 77,
  kBadConfig = 78,
};

}  // namespace batchd::ctl
