// batchd, with the providers that are released.
#include "daemon/run.h"

int main(int argc, char** argv) { return batchd::daemon::run_daemon(argc, argv, batchd::daemon::released_kinds()); }
