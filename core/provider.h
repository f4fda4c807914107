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

// Everything that can come back instead of an outcome. Each provider classifies answers in one place, by the table
// "What the answer to the create call proves" (docs/architecture.md); the stages decide by the kind alone.
struct Fault {
  enum class Kind : std::uint8_t {
    not_sent,       // not one byte of the request was written: it is safe to send it again
    unclear,        // a create that may have taken effect: timeout, reset, 408, 409, 5xx, unparsable 2xx, ...
    transient,      // any other call: timeout, reset, cut body, 408, 5xx, ...; call again after a pause
    throttled,      // 429; to a create: only with the provider's error body, else unclear
    account,        // trouble with the key, billing or location, not with the batch
    lines_refused,  // create: 400 that names lines
    refused,        // 400 (not a create: or 422) for any other reason
    model_missing,  // create: 404 that is about the model
    file_gone,      // create: 400, 403 or 404 whose message names the input file
    too_large,      // 413
    name_taken,     // upload: 409, the file's name exists
    session_gone,   // upload: 404 or 410, or the upload is over without a usable file
    mime_refused,   // upload: the message names the MIME type
    missing,        // poll, results, cancel, check_file, remove_file: 403 or 404, no such thing
  };
  Kind kind;
  int status = 0;                   // HTTP status, 0 if there was none
  std::string message;              // the provider's words, at most kProviderMessageBytesMax; ours if it sent none
  std::vector<std::int64_t> lines;  // lines_refused: the lines' numbers, 1-based, ascending
  // lines_refused: words[i] is what the provider said of lines[i]. It may quote the request, so only the request's
  // owner may see it.
  std::vector<std::string> words;
};
std::string_view to_text(Fault::Kind kind);

// A conversation with the provider for one purpose. The first step() takes an event of kind begin and returns the first
// call; each further step() takes the event in which that call ended. After an Outcome or a Fault the dialogue is over
// and must not be stepped again.
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
  std::string name;        // chosen by batchd, without "files/"
  std::int64_t bytes = 0;  // of the whole JSONL
  int mime_index = 0;      // which of the provider's MIME types to declare: 0 .. Caps::mime_types - 1
};
struct UploadSession {
  std::string session;  // opaque to the caller, who makes it durable before the first byte of the file is sent
};
// An upload whose session is known: what continue_upload() needs to send the rest of the file.
struct UploadRest {
  std::string session;
  BatchId batch;
  std::string name;        // as in UploadSpec
  std::int64_t bytes = 0;  // of the whole JSONL
  bool resume = false;     // ask first how much has arrived; must be true after any fault or restart
};
struct Uploaded {
  std::string file;  // "files/..."
};
struct CreateSpec {
  Lane lane;         // its endpoint must be one of Caps::endpoints
  std::string file;  // the input file, "files/..."
  std::string tag;   // the job carries it (Gemini: displayName), so that find() recognises the job
};
// A job as the provider shows it, reduced to what batchd's decisions need.
struct JobView {
  std::string name;
  std::string tag;
  std::string input_file;     // empty if not shown
  std::optional<JobEnd> end;  // nullopt: not ended, or in a state that batchd doesn't know
  bool running = false;       // the provider has started it: "more advanced" than pending
  int error_code = 0;
  std::string message;
  std::string result_file;             // empty if there is none (yet)
  std::optional<WallTime> created_at;  // nullopt if not shown
};
struct JobMatches {
  std::vector<JobView> jobs;  // all that match, out of a complete listing of all pages
};
struct Done {};
struct Presence {
  bool present = false;  // false only if the provider itself said that the file isn't there
};
struct Removal {
  bool gone = false;         // deleted now or earlier
  bool undeletable = false;  // its name is too long for DELETE (Gemini's result files): it counts until it expires
};
struct Streamed {
  std::int64_t bytes = 0;
};

// --- one line of a result file ---------------------------------------------------------------------------------------

struct ResultLine {
  enum class Kind : std::uint8_t { success, error, unreadable };
  Kind kind = Kind::unreadable;
  std::optional<WireKey> key;     // nullopt: no key, several keys, or a key that wire_key() doesn't make
  std::int64_t value_offset = 0;  // success: where in the line the value of "response" begins
  std::int64_t value_bytes = 0;
  std::optional<std::int64_t> prompt_tokens;  // success: as counted by the provider; nullopt if it doesn't say
  RequestError error;                         // error: the provider's code and words
};

// Reads lines in fragments of any size with constant memory. Only the top-level members are looked at; the value of the
// response is never parsed, so odd numbers or surrogates in it can't make a paid result unreadable.
class ResultLineReader {
 public:
  virtual ~ResultLineReader() = default;
  virtual void feed(std::string_view fragment) = 0;
  // Returns what the line was that has been fed, and is ready for the next line.
  virtual ResultLine end_line() = 0;
};

// --- the provider ----------------------------------------------------------------------------------------------------

// How a key is sent with each call: in this header, behind this text.
struct CredentialHeader {
  std::string name;    // "x-goog-api-key", "Authorization"
  std::string prefix;  // "", "Bearer "
};

struct Caps {
  std::int64_t file_bytes_max = 0;     // of one input file
  std::int64_t line_frame_bytes = 0;   // bytes that encode_line adds to each request, the newline included; constant
  int mime_types = 1;                  // length of the provider's list of MIME types that an upload may try in turn
  bool fence = false;                  // once its input file is deleted a late create can't run; if false: held instead
  Duration file_lifetime{};            // uploaded files vanish after this
  std::vector<std::string> endpoints;  // kinds of requests that the provider takes batches of
  CredentialHeader credential_header;
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

  // Begins an upload of a batch's input file; sends none of its bytes.
  virtual DialoguePtr<UploadSession> start_upload(const UploadSpec& spec) const = 0;
  // Sends the file, or what hasn't arrived of it. The bytes are named as BatchSlices of the call (core/http.h).
  virtual DialoguePtr<Uploaded> continue_upload(const UploadRest& rest) const = 0;
  // Uploads a small file with this content. `name` as in UploadSpec. It is a fence's canary: while the key sees this
  // file, an input file that it doesn't see is really gone (docs/architecture.md, "Spending once").
  virtual DialoguePtr<Uploaded> upload_text(const std::string& name, const std::string& text) const = 0;
  // Creates a job: costs money. Its one call is single shot, and its faults are classified by the table "What
  // the answer to the create call proves" (docs/architecture.md).
  virtual DialoguePtr<JobView> create(const CreateSpec& spec) const = 0;
  // Finds every job that has this tag or reads this file.
  virtual DialoguePtr<JobMatches> find(const std::string& tag, const std::string& file) const = 0;
  // Finds the jobs whose tag begins with `prefix`, all that haven't ended among them; their message and file names may
  // be left out.
  virtual DialoguePtr<JobMatches> survey(const std::string& prefix) const = 0;
  virtual DialoguePtr<JobView> poll(const std::string& job) const = 0;
  // Downloads a result file; its bytes go to the call's sink (HttpCall::Sink::lines).
  virtual DialoguePtr<Streamed> results(const std::string& result_file) const = 0;
  // Asks the provider to stop a job. Done: it was asked, or the job is over or gone already. Only a poll shows how the
  // job ends, which may still be as succeeded.
  virtual DialoguePtr<Done> cancel(const std::string& job) const = 0;
  virtual DialoguePtr<Presence> check_file(const std::string& file) const = 0;
  virtual DialoguePtr<Removal> remove_file(const std::string& file) const = 0;
  // Makes a free call that needs the key: shows whether the account works.
  virtual DialoguePtr<Done> check_account() const = 0;
};

}  // namespace batchd::core
