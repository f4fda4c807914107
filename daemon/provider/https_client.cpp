#include "daemon/provider/https_client.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/secrets.h"
#include "daemon/provider/https_call.h"
#include "daemon/provider/https_connection.h"
#include "daemon/provider/https_url.h"

namespace batchd::daemon {
namespace {

using Kind = core::HttpEvent::Kind;

constexpr std::size_t kIdleConnectionsMax = 4;
constexpr std::chrono::seconds kIdleTimeMax{30};  // well below the time for which servers keep a connection

std::unique_ptr<asio::ssl::context> make_tls(const std::string& ca_file) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  if (SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION) != 1)
    throw std::invalid_argument("tls: version 1.2 isn't available");
  tls->set_verify_mode(asio::ssl::verify_peer);
  boost::system::error_code error;
  if (ca_file.empty())
    tls->set_default_verify_paths(error);
  else
    tls->load_verify_file(ca_file, error);
  if (error) throw std::invalid_argument("ca_file: " + (ca_file.empty() ? "system roots" : ca_file) + ": not readable");
  return tls;
}

// Returns true if the call may use a kept connection, and be sent again if that turns out to be dead.
bool shares_connections(const core::HttpCall& call) {
  const bool idempotent = call.method == "GET" || call.method == "DELETE" || call.method == "HEAD";
  return idempotent && !call.single_shot && call.body.empty();
}

// Returns true if the request was sent and answered. Otherwise its connection is aborted, so that no more of it leaves
// the socket, and the other side is told at once.
bool is_over(const core::HttpEvent& event) { return event.kind == Kind::answer && !event.early; }

core::HttpEvent failure(Kind kind, std::string detail) {
  core::HttpEvent event;
  event.kind = kind;
  event.detail = std::move(detail);
  return event;
}

class HttpsClient final : public HttpsLink {
 public:
  HttpsClient(Executor executor, HttpsClientConfig config)
      : executor_(executor),
        config_(std::make_shared<const HttpsClientConfig>(std::move(config))),
        url_(parse_base_url(config_->base_url)) {
    if (url_.tls) tls_ = make_tls(config_->ca_file);
    if (!fits_a_header(config_->credential))
      throw std::invalid_argument("the credential can't be the value of a header");
    if (const auto why = malformed({.method = "GET", .target = "/", .headers = config_->headers}); !why.empty())
      throw std::invalid_argument("the headers of every call: " + std::string(why));
  }

  bool set_credential(std::string credential) override {
    if (!fits_a_header(credential)) return false;
    auto changed = *config_;
    changed.credential = std::move(credential);
    config_ = std::make_shared<const HttpsClientConfig>(std::move(changed));
    return true;
  }

  Task<core::HttpEvent> perform(const core::HttpCall& call, SliceOpener* slices, ByteSink* sink) override;

  std::string redacted(std::string_view words) const override {
    return core::without_secrets(words, config_->credential, config_->key_prefixes);
  }

 private:
  using ConnectionPtr = std::unique_ptr<Connection>;

  bool fits_a_header(const std::string& credential) const {
    const core::HttpCall call{
        .method = "GET",
        .target = "/",
        .headers = {{config_->credential_header.name, config_->credential_header.prefix + credential}}};
    return credential.empty() || malformed(call).empty();
  }
  Task<core::HttpEvent> attempt(const CallParts& parts);
  Task<core::HttpEvent> fresh(const CallParts& parts);
  ConnectionPtr take_idle();
  void keep(ConnectionPtr connection);

  const Executor executor_;
  std::shared_ptr<const HttpsClientConfig> config_;  // each call keeps the configuration that it began with
  const BaseUrl url_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::vector<ConnectionPtr> idle_;  // most recently used last
};

Task<core::HttpEvent> HttpsClient::perform(const core::HttpCall& call, SliceOpener* slices, ByteSink* sink) {
  if (const auto why = malformed(call); !why.empty()) co_return failure(Kind::not_sent, std::string(why));
  // Cancellation must become an event that tells how far the call got, not an exception.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto config = config_;
  CallProgress progress;
  const CallParts parts{*config, url_, call, slices, sink, progress};
  core::HttpEvent event;
  try {
    event = co_await attempt(parts);
  } catch (const std::exception& error) {
    event = failure(progress.without_answer(), error.what());
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return event;
}

Task<core::HttpEvent> HttpsClient::attempt(const CallParts& parts) {
  if (!shares_connections(parts.call)) co_return co_await fresh(parts);
  auto connection = take_idle();
  if (!connection) co_return co_await fresh(parts);
  CallRun run(parts, *connection);
  auto event = co_await run.run();
  if (!is_over(event)) connection->abort();
  if (run.reusable()) keep(std::move(connection));
  // The server may have closed the kept connection while our request was under way. Then it has not read the request,
  // and this call is safe to repeat in any case.
  const bool sent = event.kind == Kind::no_answer || event.kind == Kind::not_whole;
  if (!sent || run.answered() || run.timed_out()) co_return event;
  if (co_await cancelled()) co_return event;
  co_return co_await fresh(parts);
}

Task<core::HttpEvent> HttpsClient::fresh(const CallParts& parts) {
  auto connection = std::make_unique<Connection>(executor_, url_, tls_.get());
  auto why = co_await connection->connect(parts.config.connect_timeout);
  if (!why.empty())
    co_return failure(parts.progress.without_answer(), std::move(why));  // a first try may have been sent
  CallRun run(parts, *connection);
  auto event = co_await run.run();
  if (!is_over(event)) connection->abort();
  if (run.reusable() && shares_connections(parts.call)) keep(std::move(connection));
  co_return event;
}

HttpsClient::ConnectionPtr HttpsClient::take_idle() {
  const auto oldest = std::chrono::steady_clock::now() - kIdleTimeMax;
  std::erase_if(idle_, [oldest](const ConnectionPtr& c) { return c->idle_since() < oldest || !c->still_quiet(); });
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void HttpsClient::keep(ConnectionPtr connection) {
  connection->mark_idle();
  if (idle_.size() == kIdleConnectionsMax) idle_.erase(idle_.begin());
  idle_.push_back(std::move(connection));
}

}  // namespace

std::unique_ptr<HttpsLink> make_https_client(Executor executor, HttpsClientConfig config) {
  return std::make_unique<HttpsClient>(executor, std::move(config));
}

}  // namespace batchd::daemon
