// One row of a route table. Each room that serves calls has its own table; the router gets all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/api/desk.h"
#include "daemon/http/http_server.h"
#include "daemon/net/net.h"
#include "proto/api/api.h"

namespace batchd::daemon {

// Who may make a call without credentials. Only calls over TCP need credentials.
enum class Open : std::uint8_t { no, on_this_host, everywhere };

struct Route {
  // Answers the call, its problems included. `hole` is the part of the path that matched "{...}", empty if the pattern
  // has none.
  using Handler = Task<void> (*)(Desk& desk, Exchange& exchange, std::string_view hole);
  // Returns the head and body that report a problem in the shape that the path's clients expect.
  using Render = std::pair<ReplyHead, std::string> (*)(const proto::Problem& problem);

  std::string_view method;   // "*" for every method
  std::string_view pattern;  // "{id}" and "{name}" match one segment, "{rest}" all remaining ones
  bool admin;                // true if only administrators may make the call
  Handler handler;
  Open open = Open::no;
  Render render = nullptr;  // for what the router refuses at this path, or below it; null: problem+json

  // Returns true if `peer` may make this call as far as its credentials go.
  bool takes(const Peer& peer) const {
    return peer.known || open == Open::everywhere || (open == Open::on_this_host && peer.this_host);
  }
  // Returns the part of the path that matched the hole (empty if the pattern has none), or nullopt if the path doesn't
  // match.
  std::optional<std::string_view> match(std::string_view path) const;
  std::string_view fixed() const { return pattern.substr(0, pattern.find('{')); }  // what stands before the hole
};

using Routes = std::span<const Route>;

}  // namespace batchd::daemon
