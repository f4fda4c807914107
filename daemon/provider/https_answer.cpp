#include "daemon/provider/https_answer.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace batchd::daemon {

namespace http = boost::beast::http;

AnswerReader::AnswerReader(bool to_head_request) {
  eager(true);
  skip(to_head_request);
  header_limit(kAnswerHeadBytesMax);
  body_limit(boost::none);  // the caller, who takes the bytes out of body(), bounds what stays in memory
}

std::size_t AnswerReader::feed(std::string_view bytes) {
  if (bytes.empty() || malformed_ || is_done()) return 0;
  error_code error;
  const auto used = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != http::error::need_more) malformed_ = true;
  return used;
}

void AnswerReader::feed_end() {
  if (malformed_ || is_done()) return;
  error_code error;
  if (got_some()) put_eof(error);  // Beast asserts that at least one byte has arrived
  if (error || !is_done()) malformed_ = true;
}

void AnswerReader::on_response_impl(int code, string_view, int, error_code&) { status_ = code; }

void AnswerReader::on_field_impl(http::field field, string_view name, string_view value, error_code& error) {
  if (head_done_) return;  // a trailer
  if (field == http::field::content_length) ++lengths_;
  if (field == http::field::transfer_encoding) {
    ++encodings_;
    if (!boost::beast::iequals(value, "chunked")) error = http::error::bad_transfer_encoding;
  }
  headers_.push_back({std::string(name), std::string(value)});
}

void AnswerReader::on_header_impl(error_code& error) {
  // Two statements of where the body ends contradict each other: the answer can't be trusted.
  if (lengths_ + encodings_ > 1) error = http::error::bad_content_length;
  if (status_ == 101) error = http::error::bad_status;  // nobody asked for another protocol
  head_done_ = true;
}

std::size_t AnswerReader::on_body_impl(string_view bytes, error_code&) {
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t AnswerReader::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) {
  body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace batchd::daemon
