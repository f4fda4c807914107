// The program batchctl, from its command line to its exit code.
#pragma once

namespace batchd::ctl {

// Runs what the command line asks for, and returns the exit code of the process. Takes what main() is given.
int run_batchctl(int argc, char** argv);

}  // namespace batchd::ctl
