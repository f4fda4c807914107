#include "emulator/gemini/uploads.h"

#include <algorithm>
#include <charconv>

#include "emulator/base/dom.h"
#include "emulator/dialect/errors.h"
#include "emulator/server/turns.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::string_view kUnreliableMimes[] = {"application/x-ndjson", "application/json-lines"};

bool number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

constexpr std::string_view kTaken = "Requested entity already exists";

// Reads the body of a start: {"file":{"name","displayName","mimeType",...}}, all optional.
std::optional<Response> read_metadata(std::string_view metadata, File& out) {
  Document document;
  DomFault fault;
  if (!metadata.empty() && !parse(metadata, document, fault)) return not_json(fault.what);
  const auto* file = member(document, "file");
  if (!file) return std::nullopt;
  out.id = text(*file, "name");
  if (out.id.starts_with("files/")) out.id.erase(0, 6);
  if (!out.id.empty() && !valid_file_id(out.id)) {
    return google_error(
        400,
        "* CreateFileRequest.file.name: File ID (name excluding 'files/') may have at most 40 lowercase "
        "alphanumeric characters or dashes, and can't begin or end with a dash.\n");
  }
  out.display_name = text(*file, "displayName", "display_name");
  if (characters(out.display_name) > 512) {
    return google_error(400,
                        "* CreateFileRequest.file.display_name: Display name cannot be more than 512 characters.\n");
  }
  const auto mime_type = text(*file, "mimeType", "mime_type");
  if (!mime_type.empty()) out.mime_type = mime_type;
  return std::nullopt;
}

bool finalizes(const Request& request) {
  return request.header("x-goog-upload-command").find("finalize") != std::string_view::npos;
}

}  // namespace

Response Uploads::start(const Request& request, std::string_view project, std::string_view version,
                        std::string_view metadata) {
  if (request.header("x-goog-upload-protocol") != "resumable" || request.header("x-goog-upload-command") != "start") {
    return google_error(400,
                        "Only resumable uploads are known here: X-Goog-Upload-Protocol: resumable, "
                        "X-Goog-Upload-Command: start.");
  }
  auto session = std::make_shared<Session>();
  session->version = version;
  session->file.project = project;
  session->file.mime_type = request.header("x-goog-upload-header-content-type");
  auto refusal = read_metadata(metadata, session->file);
  if (!refusal && files_.taken(session->file.id)) refusal = google_error(409, kTaken);
  if (session->file.mime_type.empty()) session->file.mime_type = "text/plain";
  const bool at_start = switches_.text(Switch::mime_refusal).starts_with("start");
  if (!refusal && at_start && mime_refused(session->file.mime_type)) refusal = mime_refusal(session->file.mime_type);
  std::uint64_t declared = 0;
  if (!refusal && number(request.header("x-goog-upload-header-content-length"), declared)) {
    refusal = size_refusal(project, declared);
  }
  if (refusal) {
    note_failure(*session, *refusal);
    return *refusal;
  }
  return open(request, session);
}

Response Uploads::open(const Request& request, const std::shared_ptr<Session>& session) {
  session->started = std::chrono::system_clock::now();
  const auto id = "AB" + random_id(46);
  sessions_.emplace(id, session);
  const auto url =
      base_address(request) + "/upload/" + session->version + "/files?upload_id=" + id + "&upload_protocol=resumable";
  auto response = describe(*session, plain_text(200, ""));
  response.headers.emplace_back("X-Goog-Upload-URL", url);
  response.headers.emplace_back("X-Goog-Upload-Control-URL", url);
  response.headers.emplace_back("X-Goog-Upload-Chunk-Granularity", std::to_string(kGranularity));
  response.headers.emplace_back("X-GUploader-UploadID", id);
  return response;
}

Task<Response> Uploads::whole(const Request& request, std::string project, std::string version, BodySource& body) {
  Session session;
  session.version = version;
  session.file.project = project;
  session.file.display_name = request.header("x-goog-upload-file-name");
  session.file.mime_type = request.header("x-goog-upload-header-content-type");
  if (session.file.mime_type.empty()) session.file.mime_type = "text/plain";
  co_return co_await take_bytes(request, session, body, true);
}

Task<Response> Uploads::chunk(const Request& request, BodySource& body) {
  const auto session = find(request);
  if (!session) co_return plain_text(404, "Not Found");
  if (session->status == Status::cancelled) co_return describe(*session, plain_text(499, "Upload cancelled."));
  if (session->status == Status::final) {
    co_return describe(*session, json_text(session->final_status, session->final_body));
  }
  const auto command = request.header("x-goog-upload-command");
  const bool last = finalizes(request);
  if (!last && command.find("upload") == std::string_view::npos) {
    co_return describe(*session, plain_text(400, "Unknown X-Goog-Upload-Command."));
  }
  std::uint64_t offset = session->received;
  const auto offset_text = request.header("x-goog-upload-offset");
  if (!offset_text.empty() && (!number(offset_text, offset) || offset != session->received)) {
    co_return describe(*session, plain_text(400, "Upload offset doesn't match: " + std::to_string(session->received) +
                                                     " bytes were received."));
  }
  co_return co_await take_bytes(request, *session, body, last);
}

Task<Response> Uploads::take_bytes(const Request& request, Session& session, BodySource& body, bool last) {
  // First cuts off the bytes that an earlier call left when its connection broke.
  const auto writer = ++session.writer;
  session.bytes->truncate(session.received);
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    const auto got = co_await body.read(piece);
    if (session.writer != writer) co_return describe(session, plain_text(400, "Another chunk took over."));
    if (got == 0) break;
    if (session.bytes->size() + got > limits_.file_bytes_max) {
      co_return describe(session, payload_too_large(limits_.file_bytes_max));
    }
    session.bytes->append(std::string_view(piece).substr(0, got));
  }
  const auto bytes = session.bytes->size() - session.received;
  if (!last && bytes % kGranularity != 0 && switches_.is(Switch::granularity, "enforced")) {
    co_return describe(session, plain_text(400, "A chunk that isn't the last must be a multiple of " +
                                                    std::to_string(kGranularity) + " bytes."));
  }
  session.received = session.bytes->size();
  if (!last) co_return describe(session, plain_text(200, ""));
  co_return co_await finalize(request, session);
}

Response Uploads::query(const Request& request) {
  const auto session = find(request);
  if (!session) return plain_text(404, "Not Found");
  auto response =
      session->status == Status::final ? json_text(session->final_status, session->final_body) : plain_text(200, "");
  response.headers.emplace_back("X-Goog-Upload-Size-Received", std::to_string(session->received));
  response.headers.emplace_back("X-Goog-Upload-Chunk-Granularity", std::to_string(kGranularity));
  return describe(*session, std::move(response));
}

Response Uploads::cancel(const Request& request) {
  const auto session = find(request);
  if (!session) return plain_text(404, "Not Found");
  if (session->status == Status::active) session->status = Status::cancelled;
  return describe(*session, plain_text(200, ""));
}

void Uploads::forget(const Request& request) { sessions_.erase(std::string(request.parameter("upload_id"))); }

void Uploads::hold(const Request& request, double seconds, bool fails) {
  const auto session = find(request);
  if (!session) return;
  session->processing_seconds = seconds;
  session->fails = fails;
}

void Uploads::set_processing(const Session& session, File& file) const {
  const auto usual = switches_.number(Switch::processing_seconds);
  file.processing_seconds = session.processing_seconds.value_or(usual);
  file.fails = session.processing_seconds ? session.fails : switches_.is(Switch::processing_end, "failed");
}

std::shared_ptr<Uploads::Session> Uploads::find(const Request& request) {
  const auto now = std::chrono::system_clock::now();
  const std::chrono::duration<double> life(switches_.number(Switch::upload_session_seconds));
  std::erase_if(sessions_, [&](const auto& entry) { return now - entry.second->started > life; });
  const auto found = sessions_.find(request.parameter("upload_id"));
  return found == sessions_.end() ? nullptr : found->second;
}

bool Uploads::mime_refused(std::string_view mime_type) const {
  const auto& refused = limits_.refused_mimes;
  const bool shaped = mime_type == "jsonl" || mime_type.find('/') != std::string_view::npos;
  const bool unreliable = std::ranges::find(kUnreliableMimes, mime_type) != std::ranges::end(kUnreliableMimes);
  return !shaped || unreliable || std::ranges::find(refused, mime_type) != refused.end();
}

// The provider was also seen to answer with status 200; then only the body says that it is an error.
Response Uploads::mime_refusal(std::string_view mime_type) const {
  auto refusal = google_error(400, "Unsupported MIME type: " + std::string(mime_type));
  if (switches_.text(Switch::mime_refusal).ends_with("200")) refusal.status = 200;
  return refusal;
}

std::optional<Response> Uploads::size_refusal(std::string_view project, std::uint64_t bytes) {
  if (bytes > limits_.file_bytes_max) return payload_too_large(limits_.file_bytes_max);
  if (files_.stored_bytes(project) + bytes > limits_.storage_bytes_max) return storage_full(limits_.storage_bytes_max);
  return std::nullopt;
}

std::optional<Response> Uploads::final_refusal(const Session& session) {
  const auto& mime_type = session.file.mime_type;
  if (mime_refused(mime_type)) return mime_refusal(mime_type);
  return size_refusal(session.file.project, session.bytes->size());
}

void Uploads::note_failure(const Session& session, const Response& refusal) {
  ledger_.write("upload_failed", {{"file", "files/" + session.file.id}}, {{"status", refusal.status}});
}

void Uploads::conclude(Session& session, const Response& answer) {
  session.status = Status::final;
  session.bytes = std::make_shared<Blob>();
  session.final_status = answer.status;
  session.final_body = answer.body;
}

Task<Response> Uploads::finalize(const Request& request, Session& session) {
  const auto writer = session.writer;
  File file = session.file;
  file.content = session.bytes;
  file.sha256_hex = co_await digest(*session.bytes);
  set_processing(session, file);
  if (session.writer != writer) co_return describe(session, plain_text(400, "Another chunk took over."));
  if (const auto refusal = final_refusal(session)) {
    note_failure(session, *refusal);
    conclude(session, *refusal);
    co_return describe(session, *refusal);
  }
  const auto bytes = static_cast<std::int64_t>(session.bytes->size());
  const auto stored = files_.add(std::move(file));
  if (stored) {
    conclude(session, json_text(200, "{\"file\":" + file_json(*stored, base_address(request), session.version) + "}"));
    ledger_.write("upload", {{"file", "files/" + stored->id}}, {{"bytes", bytes}});
  } else {
    const auto refusal = google_error(409, kTaken);
    conclude(session, refusal);
    note_failure(session, refusal);
  }
  co_return describe(session, json_text(session.final_status, session.final_body));
}

Response Uploads::describe(const Session& session, Response response) {
  const char* status = session.status == Status::active  ? "active"
                       : session.status == Status::final ? "final"
                                                         : "cancelled";
  response.headers.emplace_back("X-Goog-Upload-Status", status);
  return response;
}

std::string Uploads::base_address(const Request& request) { return "http://" + std::string(request.header("host")); }

}  // namespace batchd::emulator
