// Answers that come bit by bit.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>

#include "emulator/server/http.h"

namespace batchd::emulator {

// Writes `response.pieces` in HTTP/1.1 chunks, each by itself and a moment after the one before: a reader gets them one
// by one.
Task<void> write_stream(boost::beast::tcp_stream& stream, const Response& response, bool keep_alive);

}  // namespace batchd::emulator
