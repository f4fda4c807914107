#include "daemon/provider/https_client.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

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
  return idempotent && !call.single_shot && std::holds_alternative<std::monostate>(call.body);
}

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
  }

  bool set_credential(std::string credential) override {
    if (!fits_a_header(credential)) return false;
    auto changed = *config_;
    changed.credential = std::move(credential);
    config_ = std::make_shared<const HttpsClientConfig>(std::move(changed));
    return true;
  }

  Task<core::HttpEvent> perform(const core::HttpCall& call, SliceOpener* slices, ByteSink* sink) override;

 private:
  // What is known of a call if it ends by an exception.
  struct Progress {
    bool started = false;  // a byte of the request may have been written
  };
  using ConnectionPtr = std::unique_ptr<Connection>;

  bool fits_a_header(const std::string& credential) const {
    const core::HttpCall call{
        "GET", "/", {{config_->credential_header.name, config_->credential_header.prefix + credential}}, {}};
    return credential.empty() || malformed(call).empty();
  }
  Task<core::HttpEvent> attempt(const CallParts& parts, Progress& progress);
  Task<core::HttpEvent> fresh(const CallParts& parts, Progress& progress);
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
  const CallParts parts{*config, url_, call, slices, sink};
  Progress progress;
  core::HttpEvent event;
  try {
    event = co_await attempt(parts, progress);
  } catch (const std::exception& error) {
    event = failure(progress.started ? Kind::no_answer : Kind::not_sent, error.what());
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return event;
}

Task<core::HttpEvent> HttpsClient::attempt(const CallParts& parts, Progress& progress) {
  if (!shares_connections(parts.call)) co_return co_await fresh(parts, progress);
  auto connection = take_idle();
  if (!connection) co_return co_await fresh(parts, progress);
  CallRun run(parts, *connection);
  auto event = co_await run.run();
  if (event.kind != Kind::answer) connection->abort();
  progress.started = run.started();
  if (run.reusable()) keep(std::move(connection));
  // The server may have closed the kept connection while our request was under way. Then it has not read the request,
  // and this call is safe to repeat in any case.
  const bool stale = event.kind == Kind::no_answer && !run.answered() && !run.timed_out();
  if (!stale) co_return event;
  if (co_await cancelled()) co_return event;
  event = co_await fresh(parts, progress);
  if (event.kind == Kind::not_sent) event.kind = Kind::no_answer;  // the first try was sent
  co_return event;
}

Task<core::HttpEvent> HttpsClient::fresh(const CallParts& parts, Progress& progress) {
  auto connection = std::make_unique<Connection>(executor_, url_, tls_.get());
  auto why = co_await connection->connect(parts.config.connect_timeout);
  if (!why.empty()) co_return failure(Kind::not_sent, std::move(why));
  progress.started = true;  // if run() throws, nobody can tell any more whether its first write had begun
  CallRun run(parts, *connection);
  auto event = co_await run.run();
  if (event.kind != Kind::answer) connection->abort();
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
