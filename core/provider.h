// What batchd needs of a batch provider. A provider is pure: it makes Dialogues, which turn HTTP events into HTTP calls
// until there is an outcome. It does no I/O, reads no clock and keeps no state between dialogues.
// The first one is proto/gemini. To add another: implement this, and choose it in daemon/provider/make_account.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/http.h"
#include "core/types.h"

namespace batchd::core {

// Everything that can come back instead of an outcome. Classified in one place per provider, by the table
// "What came back" (docs/architecture.md); the stages decide by the kind alone.
struct Fault {
  enum class Kind : std::uint8_t {
    not_sent,       // not one byte of the request was written: safe to do again
    unclear,        // a create that may have taken effect: timeout, reset, 408, 409, 5xx, unparsable 2xx, ...
    transient,      // any other call: 5xx, 408, reset, timeout, cut body; do it again after a pause
    throttled,      // 429 with the provider's error body
    account,        // the key, billing or location: nothing about the batch is wrong
    lines_refused,  // 400 that names lines
    refused,        // 400 otherwise
    model_missing,  // 404 on create
    file_gone,      // create: 400/403/404 whose message names our file
    too_large,      // 413
    name_taken,     // upload start: 409
    session_gone,   // upload: 404/410
    mime_refused,   // upload: the MIME type, named in the message
    missing,        // get, check, download, delete: 403/404, no such thing
  };
  Kind kind;
  int status = 0;                   // HTTP status, 0 if there was none
  std::string message;              // the provider's words, at most kProviderMessageBytesMax; or ours, if it had none
  std::vector<std::int64_t> lines;  // lines_refused: 1-based, ascending
  std::vector<std::string>
      words;  // what was said of each of `lines`: it may quote the request, so only its owner sees it
};
std::string_view to_text(Fault::Kind kind);

// A conversation for one purpose. step(begin) asks for the first call; each further step gets that call's event.
// After an Outcome or a Fault it is over and must not be stepped again.
template <class Outcome>
class Dialogue {
 public:
  using Next = std::variant<HttpCall, Outcome, Fault>;
  virtual ~Dialogue() = default;
  virtual Next step(const HttpEvent& event) = 0;
};
template <class Outcome>
using DialoguePtr = std::unique_ptr<Dialogue<Outcome>>;

// --- what dialogues are asked, and their outcomes --------------------------------------------------------------------

struct UploadSpec {
  std::string name;        // ours, without "files/"
  std::int64_t bytes = 0;  // of the whole JSONL
  int mime_index = 0;      // into the provider's list
};
struct UploadSession {
  std::string session;  // opaque to the caller; made durable before the first data byte
};
struct UploadRest {
  std::string session;
  BatchId batch;
  std::string name;
  std::int64_t bytes = 0;
  bool resume = false;  // ask first how much has arrived; always true after any fault or restart
};
struct Uploaded {
  std::string file;  // "files/..."
};
struct CreateSpec {
  Lane lane;  // its endpoint must be one of Caps::endpoints
  std::string file;
  std::string tag;  // becomes the job's displayName
};
// A job as the provider shows it, reduced to what decides.
struct JobView {
  std::string name;
  std::string tag;
  std::string input_file;     // empty if not shown
  std::optional<JobEnd> end;  // none: not ended (unknown states too)
  bool running = false;       // started: "more advanced" than pending
  int error_code = 0;
  std::string message;
  std::string result_file;             // empty: none (yet)
  std::optional<WallTime> created_at;  // none: not shown
};
struct JobMatches {
  std::vector<JobView> jobs;  // every job with the tag, or reading the file, over a complete listing of all pages
};
struct Done {};
struct Presence {
  bool present = false;  // false only when the provider itself said that it is not there
};
struct Removal {
  bool gone = false;         // deleted now or earlier
  bool undeletable = false;  // the 40-character trap: counts against the storage until it expires
};
struct Streamed {
  std::int64_t bytes = 0;
};

// --- one line of a result file ---------------------------------------------------------------------------------------

struct ResultLine {
  enum class Kind : std::uint8_t { success, error, unreadable };
  Kind kind = Kind::unreadable;
  std::optional<WireKey> key;     // none: no key, several, or not one that wire_key() makes
  std::int64_t value_offset = 0;  // success: where the "response" value stands in the line
  std::int64_t value_bytes = 0;
  std::optional<std::int64_t> prompt_tokens;  // success: what the provider counted, if it says
  RequestError error;                         // error: the provider's code and words
};

// Reads lines in fragments of any size with constant memory. Only the top-level members are looked at; the value of the
// response is never parsed, so odd numbers or surrogates in it can't make a paid result unreadable.
class ResultLineReader {
 public:
  virtual ~ResultLineReader() = default;
  virtual void feed(std::string_view fragment) = 0;
  virtual ResultLine end_line() = 0;  // and be ready for the next
};

// --- the provider ----------------------------------------------------------------------------------------------------

struct Caps {
  std::int64_t file_bytes_max = 0;     // one input file
  std::int64_t line_frame_bytes = 0;   // bytes that encode_line adds to a request, the newline included; constant
  int mime_types = 1;                  // how many an upload may try
  bool fence = false;                  // deleting the input file stops a late create; without it: hold, never fence
  Duration file_lifetime{};            // uploaded files vanish after this
  std::vector<std::string> endpoints;  // kinds of requests it takes batches of
};

struct LineFrame {
  std::string prefix, suffix;  // the line is prefix + request body + suffix
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual const Caps& caps() const = 0;
  virtual LineFrame encode_line(BatchId batch, RequestId request) const = 0;
  virtual std::unique_ptr<ResultLineReader> result_reader() const = 0;
  // Returns true if a job of this provider can have this name.
  virtual bool is_job_name(std::string_view name) const = 0;

  virtual DialoguePtr<UploadSession> start_upload(const UploadSpec& spec) const = 0;
  virtual DialoguePtr<Uploaded> continue_upload(const UploadRest& rest) const = 0;
  // One small file of given content, for canaries. Name as in UploadSpec.
  virtual DialoguePtr<Uploaded> upload_text(const std::string& name, const std::string& text) const = 0;
  virtual DialoguePtr<JobView> create(
      const CreateSpec& spec) const = 0;  // single shot: its faults follow the create table
  virtual DialoguePtr<JobMatches> find(const std::string& tag, const std::string& file) const = 0;
  // Every job whose tag begins with `prefix`, over a complete listing of all pages.
  virtual DialoguePtr<JobMatches> survey(const std::string& prefix) const = 0;
  virtual DialoguePtr<JobView> poll(const std::string& job) const = 0;
  virtual DialoguePtr<Streamed> results(const std::string& result_file) const = 0;  // lines to the call's sink
  virtual DialoguePtr<Done> cancel(const std::string& job) const = 0;
  virtual DialoguePtr<Presence> check_file(const std::string& file) const = 0;
  virtual DialoguePtr<Removal> remove_file(const std::string& file) const = 0;
  virtual DialoguePtr<Done> check_account() const = 0;  // a free call that needs the key: health and doctor
};

}  // namespace batchd::core
