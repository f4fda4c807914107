// The engines that the contract suite runs for. Another one comes with its factory, and a line here.
#include "tests/storage/sqlite/sqlite_stories.h"
#include "tests/storage/store_fixture.h"

namespace batchd::storage::testing {

std::vector<StoreKind> store_kinds() { return {kSqlite}; }

}  // namespace batchd::storage::testing
