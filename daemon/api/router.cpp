#include "daemon/api/router.h"

#include <algorithm>

#include "daemon/api/calls.h"
#include "daemon/api/measured_exchange.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

std::optional<std::string_view> Route::match(std::string_view path) const {
  const auto hole = pattern.find('{');
  if (hole == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const auto hole_end = pattern.find('}') + 1;
  const auto tail = pattern.substr(hole_end);
  if (path.size() <= hole + tail.size() || !path.starts_with(pattern.substr(0, hole)) || !path.ends_with(tail))
    return std::nullopt;
  const auto found = path.substr(hole, path.size() - hole - tail.size());
  const bool rest = pattern.substr(hole, hole_end - hole) == "{rest}";
  return rest || found.find('/') == std::string_view::npos ? std::optional(found) : std::nullopt;
}

namespace {

// Offers Basic below /admin/, since browsers then ask for a password; Bearer everywhere else.
Task<void> reply_unauthorized(Exchange& exchange, Route::Render render) {
  auto [head, body] = render(make_problem(401, "unauthorized", "a valid token is needed here"));
  const bool for_people = exchange.head().path.starts_with("/admin/");
  head.headers.emplace_back("WWW-Authenticate", for_people ? "Basic realm=\"batchd\"" : "Bearer");
  co_await exchange.reply(std::move(head), std::move(body));
}

Task<void> reply_rendered(Exchange& exchange, Route::Render render, Problem problem) {
  auto [head, body] = render(problem);
  co_await exchange.reply(std::move(head), std::move(body));
}

}  // namespace

Router::Router(Desk& desk, std::initializer_list<Routes> tables) : desk_(desk) {
  for (const auto& table : tables) routes_.insert(routes_.end(), table.begin(), table.end());
}

Route::Render Router::render_for(std::string_view path) const {
  const auto below = [&](const Route& route) { return route.render != nullptr && path.starts_with(route.fixed()); };
  const auto found = std::ranges::find_if(routes_, below);
  return found == routes_.end() ? &render_problem : found->render;
}

Task<void> Router::handle(Exchange& exchange) {
  const std::string path = exchange.head().path;
  const auto render = render_for(path);
  std::string allowed;
  for (const auto& route : routes_) {
    const auto id = route.match(path);
    if (!id) continue;
    if (route.method != "*" && route.method != exchange.head().method) {
      allowed += allowed.empty() ? "" : ", ";
      allowed += route.method;
      continue;
    }
    if (!route.takes(exchange.peer())) break;
    MeasuredExchange measured(exchange, desk_.engine.metrics, route.method, route.pattern);
    if (route.admin && !exchange.peer().admin) {
      co_await reply_rendered(
          measured, render,
          make_problem(403, "not_admin", "this call is for administrators", false,
                       "use root, the daemon's own user, a member of server.admin_group, or an admin's token"));
      co_return;
    }
    if (auto problem = check_safety_headers(exchange.head())) {
      co_await reply_rendered(measured, render, std::move(*problem));
      co_return;
    }
    co_await route.handler(desk_, measured, *id);
    co_return;
  }
  if (!exchange.peer().known) {
    co_await reply_unauthorized(exchange, render);
    co_return;
  }
  if (!allowed.empty()) {
    auto [head, body] = render_error(405, "method_not_allowed", "this path takes " + allowed);
    head.headers.emplace_back("Allow", allowed);
    co_await exchange.reply(std::move(head), std::move(body));
    co_return;
  }
  co_await reply_rendered(exchange, render,
                          make_problem(404, "no_such_path", "there is nothing at this path", false, "see docs/api.md"));
}

}  // namespace batchd::daemon
