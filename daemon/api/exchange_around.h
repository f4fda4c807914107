// Base class of exchanges that change a part of another one: forwards every call to the inner exchange.
#pragma once

#include "daemon/http/http_server.h"

namespace batchd::daemon {

class ExchangeAround : public Exchange {
 public:
  explicit ExchangeAround(Exchange& inner) : inner_(inner) {}  // `inner` must outlive this

  const Peer& peer() const override { return inner_.peer(); }
  const RequestHead& head() const override { return inner_.head(); }
  bool still_known() const override { return inner_.still_known(); }
  Task<core::Result<std::string>> read_body() override { return inner_.read_body(); }
  void allow_body(std::int64_t bytes_max) override { inner_.allow_body(bytes_max); }
  Task<void> hung_up() override { return inner_.hung_up(); }
  Task<bool> interim() override { return inner_.interim(); }
  Task<bool> reply(ReplyHead head, std::string body) override { return inner_.reply(std::move(head), std::move(body)); }
  Task<bool> begin_reply(ReplyHead head, std::int64_t body_bytes) override {
    return inner_.begin_reply(std::move(head), body_bytes);
  }
  Task<bool> write(std::string_view bytes) override { return inner_.write(bytes); }
  Task<bool> writable() override { return inner_.writable(); }
  Task<bool> begin_stream(ReplyHead head) override { return inner_.begin_stream(std::move(head)); }
  Task<bool> end_stream() override { return inner_.end_stream(); }
  void after_answer(std::function<void(bool taken)> told) override { inner_.after_answer(std::move(told)); }

 protected:
  Exchange& inner_;
};

}  // namespace batchd::daemon
