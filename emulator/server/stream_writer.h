// Writes answers that are sent piece by piece.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>

#include "emulator/server/http.h"

namespace batchd::emulator {

// Writes `response.pieces` as HTTP/1.1 chunks, each separately and a moment after the previous one, so that a reader
// gets them one by one.
Task<void> write_stream(boost::beast::tcp_stream& stream, const Response& response, bool keep_alive);

}  // namespace batchd::emulator
