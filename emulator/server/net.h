// The Asio types of the emulator: one io_context on one thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace batchd::emulator {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

}  // namespace batchd::emulator
