// Faults of the wire: the true answer, cut, slowed down, framed wrongly, or among bytes that don't belong to it.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>

#include "emulator/faults/faults.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

bool is_wire_fault(Do action);

// Writes the answer as the fault says. After that the connection can't be used again. Throws
// boost::system::system_error if the peer goes away.
Task<void> write_wrongly(boost::beast::tcp_stream& stream, const Rule& fault, const Response& response);

}  // namespace batchd::emulator
