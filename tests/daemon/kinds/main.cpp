// batchd with two providers that don't exist beside the released ones.
#include "daemon/run.h"
#include "tests/fictitious/courier.h"
#include "tests/fictitious/depot.h"

int main(int argc, char** argv) {
  auto kinds = batchd::daemon::released_kinds();
  kinds.add({"depot", batchd::fictitious::make_depot});
  kinds.add({"courier", batchd::fictitious::make_courier});
  return batchd::daemon::run_daemon(argc, argv, kinds);
}
