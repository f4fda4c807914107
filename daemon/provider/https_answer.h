// Parses an answer as it arrives: bytes in; status, headers and body out. No I/O.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/http.h"

namespace batchd::daemon {

inline constexpr std::uint32_t kAnswerHeadBytesMax = 64 << 10;

class AnswerReader final : boost::beast::http::basic_parser<false> {
 public:
  explicit AnswerReader(bool to_head_request);

  // Consumes what it can of `bytes` and returns how many bytes that were. The caller passes the rest again, followed by
  // more.
  std::size_t feed(std::string_view bytes);
  // Notes that the stream has ended in an orderly way. This completes an answer that is delimited by the end of the
  // stream, and makes any other incomplete answer malformed.
  void feed_end();

  bool malformed() const { return malformed_; }
  bool head_done() const { return head_done_; }
  bool complete() const { return !malformed_ && is_done(); }
  bool reusable() const { return complete() && keep_alive(); }
  int status() const { return status_; }
  bool interim() const { return status_ / 100 == 1; }
  std::vector<core::HttpHeader>& headers() { return headers_; }
  // Returns the body bytes received so far. A caller that uses them clears them.
  std::string& body() { return body_; }

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;
  void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view reason, int version, error_code& error) override;
  void on_field_impl(boost::beast::http::field field, string_view name, string_view value, error_code& error) override;
  void on_header_impl(error_code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code& error) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& error) override;
  void on_finish_impl(error_code&) override {}

  bool malformed_ = false;
  bool head_done_ = false;
  int status_ = 0;
  int lengths_ = 0;
  int encodings_ = 0;
  std::vector<core::HttpHeader> headers_;
  std::string body_;
};

}  // namespace batchd::daemon
