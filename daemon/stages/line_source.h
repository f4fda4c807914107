// A batch's JSONL as a stream of bytes, made from the store as it is read: no spool file, memory of a few chunks.
#pragma once

#include "core/provider.h"
#include "daemon/engine/store_client.h"
#include "daemon/provider/provider_link.h"

namespace batchd::daemon {

class LineSource final : public SliceOpener {
 public:
  LineSource(StoreClient& store, const core::Provider& provider) : store_(store), provider_(provider) {}
  std::unique_ptr<ByteSource> open(const core::BatchSlice& slice) override;
  // A stored body didn't match its digest: to read it again won't help.
  bool found_corruption() const { return corrupt_; }

 private:
  class Slice;
  StoreClient& store_;
  const core::Provider& provider_;
  bool corrupt_ = false;
};

}  // namespace batchd::daemon
