#include "daemon/stages/input_files.h"

namespace batchd::daemon {

std::int64_t input_bytes(const core::Batch& batch, const core::Provider& provider) {
  return batch.body_bytes + batch.items * provider.frame_bytes(batch.lane);
}

Task<std::optional<core::Fault>> remove_inputs(std::span<const std::string> files, Account& account) {
  for (const auto& file : files) {
    auto dialogue = account.provider->remove_file(file);
    auto answer = co_await converse(*account.link, *dialogue);
    if (auto* fault = std::get_if<core::Fault>(&answer)) co_return std::move(*fault);
  }
  co_return std::nullopt;
}

}  // namespace batchd::daemon
