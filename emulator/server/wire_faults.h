// Wire faults: the true answer is cut off, slowed down, framed wrongly, or mixed with foreign bytes.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>

#include "emulator/faults/faults.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

bool is_wire_fault(Do action);

// Writes the answer as the fault says. Afterwards the connection can't be used again. Throws
// boost::system::system_error if the peer goes away.
Task<void> write_wrongly(boost::beast::tcp_stream& stream, const Rule& fault, const Response& response);

}  // namespace batchd::emulator
