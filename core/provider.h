// What batchd needs of a batch provider. A provider is pure: it makes Dialogues, which turn HTTP events into HTTP calls
// until there is an outcome. It does no I/O, reads no clock and keeps no state between dialogues. What kind of provider
// it is stands in its Caps, as data, and the stages go by that. docs/architecture.md, "How to add a provider".
#pragma once

#include <cstdint>
#include <limits>
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
    not_sent,       // it is certain that no whole request was written: nothing can have come of it
    unclear,        // a create that may have taken effect: timeout, reset, 408, 409, 5xx, unparsable 2xx, ...
    transient,      // any other call: timeout, reset, cut body, 408, 5xx, ...; call again after a pause
    throttled,      // 429; to a create: only with the provider's error body, else unclear
    account,        // trouble with the key, billing or location, not with the batch
    lines_refused,  // create: a refusal that names lines
    refused,        // a refusal (of a create: 400; else 400 or 422) for any other reason
    unexplained,    // create: a refusal that may be about the input file, the model, something that a request names, or
                    // the account; only asking for each of them can tell
    model_missing,  // create: a refusal that is about the model
    file_gone,      // create: a refusal that is about the input file
    too_large,      // 413
    name_taken,     // upload: a file of this name exists
    upload_gone,    // upload: its session is unknown, or it is over without a usable file
    variant_refused,  // upload: the file must be declared in another way (Caps::upload_variants)
    missing,          // poll, results, cancel, check_file, remove_file: no such thing
  };
  Kind kind;
  int status = 0;       // HTTP status, 0 if there was none
  std::string message;  // for the log: the provider's words, ours if it sent none
  // Refusals: what the owners of the batch's requests are told; if unset, `message` alone. With lines_refused it has
  // no body: what was said of the lines is in `lines`, since it may quote another owner's request.
  std::optional<RequestError> error;
  std::vector<LineRefusal> lines;  // lines_refused: in ascending order of their lines, each once
  std::optional<Duration>
      retry_after;  // how long the provider asks to wait before the next call; nullopt if it doesn't
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
  std::string name;        // our name of the upload: upload_name()
  std::int64_t bytes = 0;  // of all lines
  int variant = 0;         // in which way to declare the file: 0 .. Caps::upload_variants - 1
};
struct UploadSession {
  std::string session;  // opaque to the caller, who makes it durable before the first byte of the file is sent
};
// What upload() needs to send a batch's file, or the rest of it.
struct UploadRest {
  std::string session;  // of start_upload(); empty if uploads aren't resumable
  BatchId batch;
  std::string name;        // as in UploadSpec
  std::int64_t bytes = 0;  // of all lines
  int variant = 0;         // as in UploadSpec
  bool resume = false;     // ask first how much has arrived; must be true after any fault or restart
};
struct Uploaded {
  std::string file;   // what the provider calls it
  bool ready = true;  // false: the provider still works on it, and no job can read it yet
};
struct CreateSpec {
  Lane lane;               // its endpoint must be one of Caps::endpoints
  BatchId batch;           // whose lines go into the call's body, if Caps::input says so
  std::string file;        // what the provider calls the input file; empty if the lines go into the body
  std::int64_t bytes = 0;  // of all lines
  std::string tag;         // the job carries it, if Caps::tag says so, and find() recognises the job by it
};
// How to recognise the job of a batch whose create call was not answered.
struct JobSearch {
  std::string tag;                // as in CreateSpec
  std::string file;               // as in CreateSpec
  std::int64_t items = 0;         // how many requests the job has
  std::optional<WallTime> since;  // it wasn't made before this, by our clock
};
// A job as the provider shows it, reduced to what batchd's decisions need.
struct JobView {
  std::string name;
  std::string tag;                            // empty if not shown
  std::string input_file;                     // empty if not shown
  std::optional<JobEnd> end;                  // nullopt: not ended, or in a state that batchd doesn't know
  bool running = false;                       // the provider has started it: "more advanced" than pending
  FailedFor failed_for = FailedFor::refused;  // if `end` is failed
  std::optional<RequestError> error;          // what the provider says of the end (as Fault::error); nullopt if nothing
  std::vector<LineRefusal> refused;           // failed_for is lines: in ascending order of their lines, each once
  // What to read with results(), in this order; empty if there is nothing (yet). No name is empty or has a newline.
  std::vector<std::string> results;
  std::optional<WallTime> created_at;  // nullopt if not shown
};
struct JobMatches {
  std::vector<JobView> jobs;  // all that match, out of a complete listing of all pages
};
struct Done {};
// Whether something is there that a job needs: a file, a model, or what a request names.
struct Presence {
  bool present = false;  // false only if the provider itself said that it isn't there, or that it is no use to a job
  bool ready = true;     // if present: false as long as the provider still works on it
  std::optional<RequestError> error;  // if not present: the provider's words, for the owners of requests that need it
};
struct Removal {
  bool gone = false;         // deleted now or earlier
  bool undeletable = false;  // the provider doesn't delete files of this kind: it counts until it expires
};
struct Streamed {
  std::int64_t bytes = 0;
};

// --- one line of a result --------------------------------------------------------------------------------------------

struct ResultLine {
  enum class Kind : std::uint8_t { success, error, unreadable };
  Kind kind = Kind::unreadable;
  std::optional<WireKey> key;     // nullopt: no key, several keys, or a key that wire_key() doesn't make
  std::int64_t value_offset = 0;  // success: where in the line the response begins
  std::int64_t value_bytes = 0;
  std::optional<std::int64_t> prompt_tokens;  // success: as counted by the provider; nullopt if it doesn't say
  RequestError error;                         // error
};

// Reads lines in fragments of any size with constant memory. Only the members around the response are looked at; the
// response itself is never parsed, so odd numbers or surrogates in it can't make a paid result unreadable.
class ResultLineReader {
 public:
  virtual ~ResultLineReader() = default;
  virtual void feed(std::string_view fragment) = 0;
  // Returns what the line was that has been fed, and is ready for the next line.
  virtual ResultLine end_line() = 0;
};

// --- what kind of provider it is -------------------------------------------------------------------------------------

// How a key is sent with each call: in this header, behind this text.
struct CredentialHeader {
  std::string name;    // "Authorization"
  std::string prefix;  // "Bearer ", or empty
};

// How a request is read and weighed at intake, before the provider has seen it.
struct RequestRules {
  // A string value with this member name, that begins with this text, is media: it counts as media_tokens, however long
  // it is. Names have at most 16 bytes, texts at most 8.
  struct Media {
    std::string member;
    std::string begins;
    bool operator==(const Media&) const = default;
  };
  std::vector<Media> media;
  std::int64_t media_tokens = 258;
  std::int64_t text_bytes_per_token = 4;
  std::vector<std::string> dropped;  // top-level members of a request that have no place in a batch: they are left out
  // Where in a request a string value may name something at the provider, a file or a cache: the names of the members
  // on the way to it, joined by dots; arrays on the way have no name. What it names tells Provider::reference().
  std::vector<std::string> references;

  bool operator==(const RequestRules&) const = default;
};

struct Caps {
  // Where a job's lines are: in a file that was uploaded before, or in the body of the create call.
  enum class Input : std::uint8_t { file, body };
  // Who names uploaded files. With `ours`, an upload's file is called file_prefix + UploadSpec::name.
  enum class FileNames : std::uint8_t { ours, theirs };
  // Whether a job carries CreateSpec::tag, and find() and survey() see it. Without tags a job whose create call was not
  // answered can only be guessed at: the batch is held for an operator if there may be one.
  enum class Tag : std::uint8_t { on_job, none };

  Input input = Input::file;
  std::int64_t input_bytes_max = 0;                                   // of all lines of a job
  std::int64_t items_max = std::numeric_limits<std::int64_t>::max();  // lines of a job

  FileNames file_names = FileNames::ours;
  std::string file_prefix;
  bool resumable = false;    // start_upload() makes a session that survives a cut connection; else upload() does it all
  int upload_variants = 1;   // in how many ways an upload may declare its file, to be tried in turn
  Duration file_lifetime{};  // uploaded files vanish after this, which is more than two hours; zero without files

  Tag tag = Tag::on_job;
  bool fence = false;  // once its input file is deleted a late create can't run; if false: held instead

  std::vector<std::string> endpoints;  // kinds of requests that the provider takes batches of; the first is the default
  std::string base_url;                // where the provider is, unless the configuration says otherwise
  CredentialHeader credential_header;
  std::vector<std::string> key_prefixes;  // what its API keys begin with, to keep them out of what people read
  std::vector<HttpHeader> headers;        // sent with every call
};

// Returns true if deleting the input file proves that a create call that wasn't answered can run nothing: the provider
// has a fence, and a job that came of the call would be found by its tag.
constexpr bool can_be_fenced(const Caps& caps) {
  return caps.fence && caps.tag == Caps::Tag::on_job && caps.input == Caps::Input::file;
}

struct LineFrame {
  std::string prefix, suffix;  // the line is prefix + request + suffix, the newline included
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual const Caps& caps() const = 0;

  // --- requests
  // Returns the model as lanes name it, at most kModelBytesMax; nullopt if no model of this provider can be called
  // `text`.
  virtual std::optional<std::string> model_name(std::string_view text) const = 0;
  // Returns how a request for this endpoint is read. Lives as long as the provider.
  virtual const RequestRules& request_rules(std::string_view endpoint) const = 0;
  // Returns how many tokens the provider lets a new customer have enqueued in this lane; nullopt if that isn't known.
  virtual std::optional<std::int64_t> first_tokens(const Lane& lane) const = 0;
  // Returns what check_reference() is to ask for, if a value in a place of RequestRules::references is this; nullopt if
  // it names nothing that this provider keeps for its customers.
  virtual std::optional<std::string> reference(std::string_view value) const = 0;

  // --- lines
  virtual LineFrame line_frame(const Lane& lane, BatchId batch, RequestId request) const = 0;
  // Returns how many bytes line_frame() adds to a request, the same for every request of the lane.
  virtual std::int64_t frame_bytes(const Lane& lane) const = 0;
  virtual std::unique_ptr<ResultLineReader> result_reader() const = 0;

  // --- files. With Input::body none of these is called.
  // Begins an upload of a batch's input file; sends none of its bytes. Called only if Caps::resumable.
  virtual DialoguePtr<UploadSession> start_upload(const UploadSpec& spec) const = 0;
  // Sends the file, or what hasn't arrived of it. The bytes are named as BatchSlices of the call (core/http.h).
  virtual DialoguePtr<Uploaded> upload(const UploadRest& rest) const = 0;
  // Uploads a small file with this content. `name` as in UploadSpec. It is a fence's canary: while the key sees this
  // file, an input file that it doesn't see is really gone (docs/architecture.md, "Spending once").
  virtual DialoguePtr<Uploaded> upload_text(const std::string& name, const std::string& text) const = 0;
  // Asks for an input file. Not present: it is gone, or the provider could not process it.
  virtual DialoguePtr<Presence> check_file(const std::string& file) const = 0;
  virtual DialoguePtr<Removal> remove_file(const std::string& file) const = 0;

  // --- jobs
  // Returns true if a job of this provider can have this name.
  virtual bool is_job_name(std::string_view name) const = 0;
  // Creates a job: costs money. Its one call is single shot, and its faults are classified by the table "What
  // the answer to the create call proves" (docs/architecture.md).
  virtual DialoguePtr<JobView> create(const CreateSpec& spec) const = 0;
  // Finds every job that may be the wanted one: that has this tag or reads this file; without tags, that has as many
  // requests, as far as the provider shows it, and was made in this time. The body of a job's error may be left out.
  virtual DialoguePtr<JobMatches> find(const JobSearch& search) const = 0;
  // Finds the jobs whose tag begins with `prefix`, all that haven't ended among them; their errors and file names may
  // be left out. Not called without tags.
  virtual DialoguePtr<JobMatches> survey(const std::string& prefix) const = 0;
  virtual DialoguePtr<JobView> poll(const std::string& job) const = 0;
  // Downloads one of JobView::results; its bytes go to the call's sink (HttpCall::Sink::lines).
  virtual DialoguePtr<Streamed> results(const std::string& result) const = 0;
  // Asks the provider to stop a job. Done: it was asked, or the job is over or gone already. Only a poll shows how the
  // job ends, which may still be as succeeded.
  virtual DialoguePtr<Done> cancel(const std::string& job) const = 0;

  // --- what a refused create may have been about
  // Asks whether the lane's model is there, and takes batches of the lane's endpoint.
  virtual DialoguePtr<Presence> check_model(const Lane& lane) const = 0;
  // Asks for something that a request names, by what reference() returned for it.
  virtual DialoguePtr<Presence> check_reference(const std::string& reference) const = 0;

  // Makes a free call that needs the key: shows whether the account works.
  virtual DialoguePtr<Done> check_account() const = 0;
};

}  // namespace batchd::core
