// The only place that talks to a provider. HTTP/1.1 over TLS >= 1.2 (verified against the system's roots or ca_file,
// with SNI and host name check), plain HTTP to loopback addresses only. Never another origin, and no retries, except
// that a GET, HEAD or DELETE without a body goes out once more on a fresh connection if a kept one turns out to be
// dead. A redirect is an answer: whether to follow it within the origin is the dialogue's decision.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/provider.h"
#include "daemon/provider/provider_link.h"

namespace batchd::daemon {

struct HttpsClientConfig {
  std::string base_url;  // "https://host[:port][/prefix]", or "http://" with a loopback address
  core::CredentialHeader credential_header;
  std::vector<core::HttpHeader> headers;  // sent with every call, before the call's own
  std::string credential;                 // never logged, never sent elsewhere
  std::vector<std::string> key_prefixes;  // as Caps::key_prefixes
  std::string ca_file;                    // if empty, the system's roots
  core::Duration connect_timeout{};       // resolve + connect + TLS
  core::Duration answer_timeout{};        // last byte written -> complete head; and whole control answers
  core::Duration stall_timeout{};  // between two pieces of a streamed body, in either direction, or of a value that is
                                   // left out (HttpCall::left_out)
};

class HttpsLink : public ProviderLink {
 public:
  // Sets the credential of all calls that begin from now on. Returns false, and changes nothing, if `credential` can't
  // be the value of a header.
  virtual bool set_credential(std::string credential) = 0;
};

// Throws std::invalid_argument if base_url breaks the rules above, ca_file can't be read, the credential can't be the
// value of a header, or one of the headers can't be sent.
std::unique_ptr<HttpsLink> make_https_client(Executor executor, HttpsClientConfig config);

}  // namespace batchd::daemon
