// The data part of Google's resumable uploads: chunks of 8 MiB, `query` after any doubt, `finalize` with the last one.
#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "proto/gemini/dialogue.h"
#include "proto/gemini/error.h"
#include "proto/gemini/files.h"
#include "proto/gemini/names.h"

namespace batchd::proto {
namespace {

using core::Fault;
using core::HttpCall;
using core::HttpEvent;
using Next = core::Dialogue<core::Uploaded>::Next;

constexpr int kDoubtsMax = 3;  // how many answers in one dialogue may leave the offset open

std::optional<std::int64_t> size_received(const HttpEvent& event) {
  const auto text = event.header("X-Goog-Upload-Size-Received");
  std::int64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

HttpCall session_call(const std::string& session, std::string command) {
  HttpCall call;
  call.method = "POST";
  call.target = session;
  call.given_path = true;
  call.headers.push_back({"X-Goog-Upload-Command", std::move(command)});
  return call;
}

class Upload : public core::Dialogue<core::Uploaded> {
 public:
  explicit Upload(core::UploadRest rest) : rest_(std::move(rest)) {}

  Next step(const HttpEvent& event) override {
    if (event.kind == HttpEvent::Kind::begin) return rest_.resume ? query() : send();
    if (!is_success(event) || parse_error(event.body)) return classify(CallKind::upload_data, event);
    const auto status = event.header("X-Goog-Upload-Status");
    if (status == "final" || (last_sent_ && status.empty() && !event.body.empty()))
      return read_uploaded(event, rest_.name, rest_.bytes);
    if (status == "cancelled") return gone(event, "the upload session was cancelled");
    return asked_ ? after_query(event) : after_data(event, status == "active");
  }

 private:
  Next after_query(const HttpEvent& event) {
    const auto received = size_received(event);
    if (!received) return unreadable(CallKind::upload_data, event, "the answer doesn't say how much has arrived");
    if (*received < 0 || *received > rest_.bytes) return gone(event, "more has arrived than was sent");
    offset_ = *received;
    return send();
  }

  Next after_data(const HttpEvent& event, bool active) {
    const auto received = size_received(event);
    const bool agrees = active && !last_sent_ && received.value_or(sent_to_) == sent_to_;
    if (!agrees) return ++doubts_ <= kDoubtsMax ? query() : doubtful(event);
    offset_ = sent_to_;
    return send();
  }

  Next query() {
    asked_ = true;
    last_sent_ = false;
    return session_call(rest_.session, "query");
  }

  // Sends the next chunk, or only `finalize` if everything has arrived.
  Next send() {
    asked_ = false;
    const auto bytes = std::min(kUploadChunkBytes, rest_.bytes - offset_);
    sent_to_ = offset_ + bytes;
    last_sent_ = sent_to_ == rest_.bytes;
    auto call = session_call(rest_.session, bytes == 0 ? "finalize" : last_sent_ ? "upload, finalize" : "upload");
    call.headers.push_back({"X-Goog-Upload-Offset", std::to_string(offset_)});
    if (bytes > 0) {
      call.headers.push_back({"Content-Type", "application/octet-stream"});
      call.body.emplace_back(core::BatchSlice{rest_.batch, offset_, bytes});
    }
    return call;
  }

  Fault gone(const HttpEvent& event, std::string why) const {
    auto fault = unreadable(CallKind::upload_data, event, std::move(why));
    fault.kind = Fault::Kind::upload_gone;
    return fault;
  }
  Fault doubtful(const HttpEvent& event) const {
    return unreadable(CallKind::upload_data, event, "the upload doesn't get on");
  }

  const core::UploadRest rest_;
  std::int64_t offset_ = 0;   // so many bytes are known to have arrived
  std::int64_t sent_to_ = 0;  // end of the current chunk
  bool last_sent_ = false;    // the current chunk was sent with `finalize`
  bool asked_ = false;        // the current call is a `query`
  int doubts_ = 0;
};

// Starts and sends a small file in one dialogue, with one MIME type after the other until one is accepted.
class TextUpload : public core::Dialogue<core::Uploaded> {
 public:
  TextUpload(GeminiConfig config, std::string name, std::string text)
      : config_(std::move(config)), name_(std::move(name)), text_(std::move(text)) {}

  Next step(const HttpEvent& event) override {
    if (event.kind == HttpEvent::Kind::begin) return start();
    return started_ ? after_data(event) : after_start(event);
  }

 private:
  std::int64_t bytes() const { return static_cast<std::int64_t>(text_.size()); }

  Next start() {
    started_ = false;
    return upload_start_call(config_, {.name = name_, .bytes = bytes(), .variant = variant_});
  }

  Next after_start(const HttpEvent& event) {
    auto next = read_upload_start(event);
    if (auto* fault = std::get_if<Fault>(&next)) return or_next_variant(std::move(*fault));
    started_ = true;
    auto call = session_call(std::get<core::UploadSession>(next).session, "upload, finalize");
    call.headers.push_back({"X-Goog-Upload-Offset", "0"});
    call.headers.push_back({"Content-Type", "application/octet-stream"});
    call.body.emplace_back(text_);
    return call;
  }

  Next after_data(const HttpEvent& event) {
    if (is_success(event) && !parse_error(event.body)) return read_uploaded(event, name_, bytes());
    return or_next_variant(classify(CallKind::upload_data, event));
  }

  Next or_next_variant(Fault fault) {
    const bool another = static_cast<std::size_t>(variant_) + 1 < config_.mime_types.size();
    if (fault.kind != Fault::Kind::variant_refused || !another) return fault;
    ++variant_;
    return start();
  }

  const GeminiConfig config_;
  const std::string name_, text_;
  int variant_ = 0;
  bool started_ = false;
};

}  // namespace

core::DialoguePtr<core::Uploaded> upload_file(const core::UploadRest& rest) {
  CHECK(rest.bytes > 0);
  if (!is_session_target(rest.session))
    return std::make_unique<RefusingDialogue<core::Uploaded>>("not an upload session", Fault::Kind::upload_gone);
  return std::make_unique<Upload>(rest);
}

core::DialoguePtr<core::Uploaded> upload_text(const GeminiConfig& config, const std::string& name,
                                              const std::string& text) {
  return std::make_unique<TextUpload>(config, name, text);
}

}  // namespace batchd::proto
