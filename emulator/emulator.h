// The composition root: everything the emulator is made of, from its options.
#pragma once

#include <memory>

#include "emulator/options.h"
#include "emulator/server/net.h"

namespace batchd::emulator {

class Emulator {
 public:
  // Reads the fault file, opens the ledger, binds the port and accepts from now on (as soon as the context runs).
  // Throws std::exception with a what() for the user.
  Emulator(asio::io_context& context, const Options& options);
  ~Emulator();

  std::uint16_t port() const;
  void stop();  // ends connections and jobs; then the context runs out of work

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace batchd::emulator
