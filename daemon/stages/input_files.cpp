#include "daemon/stages/input_files.h"

namespace batchd::daemon {

std::string input_file(const core::Batch& batch, int n) { return "files/" + core::upload_name(batch.id, n); }

Task<std::optional<core::Fault>> remove_inputs(const core::Batch& batch, Account& account) {
  for (int n = 1; n <= batch.upload_n; ++n) {
    auto dialogue = account.provider->remove_file(input_file(batch, n));
    auto answer = co_await converse(*account.link, *dialogue);
    if (auto* fault = std::get_if<core::Fault>(&answer)) co_return std::move(*fault);
  }
  co_return std::nullopt;
}

}  // namespace batchd::daemon
