#include "ctl/cli/program.h"

int main(int argc, char** argv) { return batchd::ctl::run_batchctl(argc, argv); }
