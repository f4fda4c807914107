// Writes the sample page to standard output, for a browser; an argument replaces every text that clients can choose.
#include <iostream>

#include "tests/page/sample_page.h"

int main(int argc, char** argv) {
  std::cout << batchd::proto::admin_page(batchd::proto::sample_page(argc > 1 ? argv[1] : ""));
}
