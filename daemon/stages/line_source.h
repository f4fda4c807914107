// A batch's lines as a stream of bytes, made from the store while it is read: there is no spool file, and at most a few
// chunks are in memory.
#pragma once

#include "core/provider.h"
#include "daemon/engine/store_client.h"
#include "daemon/provider/provider_link.h"

namespace batchd::daemon {

class LineSource final : public SliceOpener {
 public:
  LineSource(StoreClient& store, const core::Provider& provider, core::Lane lane)
      : store_(store), provider_(provider), lane_(std::move(lane)) {}
  std::unique_ptr<ByteSource> open(const core::BatchSlice& slice) override;
  // Returns true if a stored body was missing or didn't match its digest; reading it again won't help.
  bool found_corruption() const { return corrupt_; }

 private:
  class Slice;
  StoreClient& store_;
  const core::Provider& provider_;
  const core::Lane lane_;  // of the batch
  bool corrupt_ = false;
};

// Returns the fault of a batch with such a body, which is cut until that request is alone, so that the others can go.
core::Fault damaged_request();

}  // namespace batchd::daemon
