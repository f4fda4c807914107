#include "daemon/http/shared.h"

#include <algorithm>

#include "daemon/http/session.h"

namespace batchd::daemon {
namespace {

// A client whose request has just arrived should not lose its connection for having been quiet before. Bytes that are
// no request spare nobody for long, since they are read at once.
constexpr int kLooksForUnread = 8;

}  // namespace

bool ServerShared::make_room() {
  if (idle.empty()) return false;
  auto* victim = idle.front();
  int looks = 0;
  for (auto* candidate : idle) {
    if (looks++ == kLooksForUnread) break;
    if (candidate->has_unread_input()) continue;
    victim = candidate;
    break;
  }
  victim->evict();
  return true;
}

UnderWay::UnderWay(ServerShared& shared, const Peer& peer) : shared_(shared), owner_(peer.owner), shares_(!peer.admin) {
  ++shared_.under_way;
  if (shares_) ++shared_.under_way_of[owner_];
}

UnderWay::~UnderWay() {
  --shared_.under_way;
  if (!shares_) return;
  const auto mine = shared_.under_way_of.find(owner_);
  if (--mine->second == 0) shared_.under_way_of.erase(mine);
}

bool within_share(const ServerShared& shared, const Peer& peer) {
  if (peer.admin || shared.limits.owner_connections_max <= 0) return true;
  const auto mine = shared.under_way_of.find(peer.owner);
  return mine == shared.under_way_of.end() || mine->second < shared.limits.owner_connections_max;
}

}  // namespace batchd::daemon
