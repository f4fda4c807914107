#include "daemon/stages/input_files.h"

namespace batchd::daemon {

std::int64_t input_bytes(const core::Batch& batch, const core::Provider& provider) {
  return batch.body_bytes + batch.items * provider.frame_bytes(batch.lane);
}

Task<std::optional<core::Fault>> remove_inputs(std::span<const std::string> files, Account& account,
                                               std::size_t& done) {
  for (; done < files.size(); ++done) {
    auto dialogue = account.provider->remove_file(files[done]);
    auto answer = co_await converse(*account.link, *dialogue);
    if (auto* fault = std::get_if<core::Fault>(&answer)) co_return std::move(*fault);
  }
  co_return std::nullopt;
}

}  // namespace batchd::daemon
