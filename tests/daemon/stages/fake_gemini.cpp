#include "tests/daemon/stages/fake_gemini.h"

#include <algorithm>
#include <memory>

#include "core/check.h"

namespace batchd::daemon::testing {

using core::HttpEvent;
using fictitious::between;
using fictitious::unanswered;

namespace {

constexpr std::string_view kRoot = "/v1beta/";

std::string header(const core::HttpCall& call, std::string_view name) {
  for (const auto& header : call.headers)
    if (header.name == name) return header.value;
  return "";
}

Call parse_call(const core::HttpCall& http, std::string body) {
  Call call{};
  call.single_shot = http.single_shot;
  const std::string_view target = http.target;
  const auto command = header(http, "X-Goog-Upload-Command");
  if (command == "start") {
    call.endpoint = Endpoint::start;
    call.file = between(body, "\"name\":\"", "\"");
    call.mime = between(body, "\"mimeType\":\"", "\"");
  } else if (!command.empty()) {
    call.endpoint = command == "query" ? Endpoint::query : Endpoint::data;
    call.thing = between(target, "upload_id=", "&");
    call.finalize = command.find("finalize") != std::string::npos;
    const auto offset = header(http, "X-Goog-Upload-Offset");
    call.offset = offset.empty() ? 0 : std::stoll(offset);
  } else if (target.find(":batchGenerateContent") != std::string_view::npos) {
    call.endpoint = Endpoint::create;
    call.tag = between(body, "\"displayName\":\"", "\"");
    call.file = between(body, "\"fileName\":\"", "\"");
  } else if (target.find("/models?") != std::string_view::npos) {
    call.endpoint = Endpoint::account;
  } else if (target.find("/models/") != std::string_view::npos) {
    call.endpoint = Endpoint::model;
    call.thing = target.substr(target.find("/models/") + 1);
  } else if (target.ends_with("/files") || target.find("/files?") != std::string_view::npos) {
    call.endpoint = Endpoint::file_list;
  } else if (target.find("/batches?") != std::string_view::npos) {
    call.endpoint = Endpoint::list;
    call.thing = between(target, "pageToken=", "&");
  } else {
    const bool media = target.find(":download") != std::string_view::npos;
    auto name = target.substr(target.find(kRoot) + kRoot.size());
    name = name.substr(0, name.find(':'));
    call.thing = name;
    if (media) {
      call.endpoint = Endpoint::download;
    } else if (name.starts_with("batches/")) {
      call.endpoint = http.method == "GET" ? Endpoint::poll : Endpoint::cancel;
    } else {
      call.endpoint = http.method == "DELETE" ? Endpoint::remove : Endpoint::check;
    }
  }
  call.body = std::move(body);
  return call;
}

std::string job_json(const Job& job) {
  std::string json = "{\"name\":\"" + job.name + "\",\"metadata\":{\"displayName\":\"" + job.tag +
                     "\",\"inputConfig\":{\"fileName\":\"" + job.file + "\"},\"state\":\"" + job.state + "\"";
  if (!job.created.empty()) json += ",\"createTime\":\"" + job.created + "\"";
  if (!job.output.empty()) json += ",\"output\":{\"responsesFile\":\"" + job.output + "\"}";
  json += '}';
  if (job.error_code != 0)
    json += ",\"error\":{\"code\":" + std::to_string(job.error_code) + ",\"message\":\"" + job.error_message + "\"}";
  return json + '}';
}

HttpEvent no_such(const std::string& thing) {
  return thing.starts_with("files/")
             ? reply(403, error_body(403, "PERMISSION_DENIED",
                                     "You do not have permission to access the File " + thing.substr(6) +
                                         " or it may not exist."))
             : reply(404, error_body(404, "NOT_FOUND", "Requested entity was not found: " + thing));
}

}  // namespace

HttpEvent FakeGemini::answer(const core::HttpCall& http, std::string body) {
  auto call = parse_call(http, std::move(body));
  const auto length = header(http, "X-Goog-Upload-Header-Content-Length");
  announced_bytes_ = length.empty() ? 0 : std::stoull(length);
  const auto place = calls.size();
  calls.push_back(call);
  auto& queue = next_[call.endpoint];
  Reaction reaction;
  if (!queue.empty()) {
    reaction = std::move(queue.front());
    queue.pop_front();
  } else if (const auto found = always_.find(call.endpoint); found != always_.end()) {
    reaction = found->second;
  }
  // What the provider does may come later than its reaction.
  const auto kept = std::make_shared<Call>(std::move(call));
  auto event = reaction ? reaction(*kept, [this, kept] { return properly(*kept); }) : properly(*kept);
  calls[place].body = kept->body;  // a cut call shows what arrived
  return event;
}

HttpEvent FakeGemini::properly(Call& call) {
  switch (call.endpoint) {
    case Endpoint::start:
      return start(call);
    case Endpoint::data:
      return data(call);
    case Endpoint::query: {
      const auto session = sessions_.find(call.thing);
      if (session == sessions_.end()) return reply(404, "no such session");
      return reply(200, "",
                   {{"X-Goog-Upload-Status", "active"},
                    {"X-Goog-Upload-Size-Received", std::to_string(session->second.received.size())}});
    }
    case Endpoint::create:
      return create(call);
    case Endpoint::list:
      return list(call);
    case Endpoint::poll:
      for (const auto& job : jobs)
        if (job.name == call.thing) return reply(200, job_json(job));
      return no_such(call.thing);
    case Endpoint::cancel:
      for (auto& job : jobs)
        if (job.name == call.thing) job.state = "BATCH_STATE_CANCELLED";
      return reply(200, "{}");
    case Endpoint::check: {
      if (!files.contains(call.thing)) return no_such(call.thing);
      auto& looks_left = looks_left_[call.thing];
      const bool processing = looks_left > 0 && looks_left-- > 0;
      return reply(200,
                   "{\"name\":\"" + call.thing + "\",\"state\":\"" + (processing ? "PROCESSING" : "ACTIVE") + "\"}");
    }
    case Endpoint::account:
      return reply(200, "{\"models\":[]}");
    case Endpoint::model:
      return reply(200, "{\"name\":\"" + call.thing +
                            "\",\"supportedGenerationMethods\":[\"generateContent\",\"batchGenerateContent\"]}");
    case Endpoint::file_list: {
      std::string json;
      for (const auto& [name, content] : files)
        json += (json.empty() ? "" : ",") + std::string("{\"name\":\"") + name + "\"}";
      return reply(200, "{\"files\":[" + json + "]}");
    }
    case Endpoint::remove:
      return files.erase(call.thing) > 0 ? reply(200, "{}") : no_such(call.thing);
    case Endpoint::download:
      return download(call);
  }
  CHECK(false);
}

HttpEvent FakeGemini::start(const Call& call) {
  static const std::vector<std::string> order{"application/jsonl", "jsonl", "text/plain", "application/json"};
  const auto place = std::ranges::find(order, call.mime) - order.begin();
  if (static_cast<std::size_t>(place) < mime_types_refused)
    return reply(400, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: " + call.mime));
  if (files.contains(call.file))
    return reply(409, error_body(409, "ALREADY_EXISTS", "The file already exists: " + call.file));
  const auto id = "session" + std::to_string(++made_);
  sessions_[id] = {call.file, "", announced_bytes_};
  return reply(200, "",
               {{"X-Goog-Upload-Status", "active"},
                {"X-Goog-Upload-URL",
                 "https://upload.example/upload/v1beta/files?upload_id=" + id + "&upload_protocol=resumable"}});
}

HttpEvent FakeGemini::data(const Call& call) {
  const auto found = sessions_.find(call.thing);
  if (found == sessions_.end()) return reply(404, "no such session");
  auto& session = found->second;
  if (static_cast<std::size_t>(call.offset) != session.received.size()) return reply(400, "wrong offset");
  session.received += call.body;
  const auto size = std::to_string(session.received.size());
  if (!call.finalize || session.received.size() != session.bytes)
    return reply(200, "", {{"X-Goog-Upload-Status", "active"}, {"X-Goog-Upload-Size-Received", size}});
  const auto name = session.name;
  files[name] = inputs_[name] = session.received;
  sessions_.erase(found);
  looks_left_[name] = looks_until_ready;
  const std::string state = looks_until_ready > 0 ? "PROCESSING" : "ACTIVE";
  return reply(200, "{\"file\":{\"name\":\"" + name + "\",\"sizeBytes\":\"" + size + "\",\"state\":\"" + state + "\"}}",
               {{"X-Goog-Upload-Status", "final"}});
}

HttpEvent FakeGemini::create(const Call& call) {
  const auto file = files.find(call.file);
  if (file == files.end()) return no_such(call.file);
  if (looks_left_[call.file] > 0)
    return reply(
        400, error_body(400, "FAILED_PRECONDITION", "The File ID is not in an ACTIVE state and usage is not allowed."));
  if (!poison.empty() && file->second.find(poison) != std::string::npos)
    return reply(400, error_body(400, "INVALID_ARGUMENT", "a word that it doesn't like"));
  if (auto refusal = refusal_of_lines(call.file)) return *refusal;
  return reply(200, job_json(add_job(call.tag, call.file)));
}

HttpEvent FakeGemini::list(const Call& call) {
  const std::size_t from = call.thing.empty() ? 0 : std::stoull(call.thing);
  std::string json = "{\"operations\":[";
  const auto to = std::min(from + page_size, jobs.size());
  for (auto i = from; i < to; ++i) json += (i > from ? "," : "") + job_json(jobs[i]);
  json += ']';
  if (to < jobs.size()) json += ",\"nextPageToken\":\"" + std::to_string(to) + "\"";
  return reply(200, json + '}');
}

HttpEvent FakeGemini::download(const Call& call) {
  const auto file = files.find(call.thing);
  return file == files.end() ? no_such(call.thing) : reply(200, file->second);
}

std::size_t FakeGemini::count(Endpoint endpoint) const { return seen(endpoint).size(); }

std::vector<Call> FakeGemini::seen(Endpoint endpoint) const {
  std::vector<Call> some;
  std::ranges::copy_if(calls, std::back_inserter(some), [&](const Call& call) { return call.endpoint == endpoint; });
  return some;
}

Job& FakeGemini::only_job() {
  CHECK(jobs.size() == 1);
  return jobs.front();
}

Job& FakeGemini::add_job(std::string tag, std::string file) {
  Job job;
  job.name = "batches/job" + std::to_string(++made_);
  job.tag = std::move(tag);
  job.file = std::move(file);
  jobs.insert(jobs.begin(), job);
  return jobs.front();
}

void FakeGemini::finish(Job& job, const std::vector<std::string>& lines, const std::string& state) {
  job.state = "BATCH_STATE_" + state;
  job.output = "files/batch-" + std::to_string(++made_);
  auto& content = files[job.output];
  for (const auto& line : lines) content += line + '\n';
}

void FakeGemini::fail(Job& job, int code, const std::string& message) {
  job.state = "BATCH_STATE_FAILED";
  job.error_code = code;
  job.error_message = message;
}

std::vector<std::string> FakeGemini::good_lines(const std::string& file) const {
  std::vector<std::string> lines;
  for (const auto& line : lines_of(inputs_.at(file)))
    lines.push_back(good_line(key_of(line), "{\"echo\":" + request_of(line) + "}"));
  return lines;
}

void FakeGemini::finish_all() {
  for (auto& job : jobs)
    if (job.state == "BATCH_STATE_PENDING") finish(job, good_lines(job.file));
}

std::string error_body(int code, const std::string& status, const std::string& message) {
  return "{\"error\":{\"code\":" + std::to_string(code) + ",\"message\":\"" + message + "\",\"status\":\"" + status +
         "\"}}";
}

FakeGemini::Reaction says(int status, std::string body) {
  return [=](Call&, const std::function<HttpEvent()>&) { return reply(status, body); };
}
FakeGemini::Reaction says_error(int code, std::string status, std::string message) {
  return says(code, error_body(code, status, message));
}
FakeGemini::Reaction refuses_files_with(const FakeGemini& gemini, std::string text, int code, std::string status,
                                        std::string message) {
  return [&gemini, text, body = error_body(code, status, message), code](Call& call,
                                                                         const std::function<HttpEvent()>& properly) {
    const auto file = gemini.files.find(call.file);
    const bool refused = file != gemini.files.end() && file->second.find(text) != std::string::npos;
    return refused ? reply(code, body) : properly();
  };
}
FakeGemini::Reaction not_sent() {
  return [](Call&, const std::function<HttpEvent()>&) { return unanswered(HttpEvent::Kind::not_sent); };
}
FakeGemini::Reaction no_answer() {
  return [](Call&, const std::function<HttpEvent()>&) { return unanswered(HttpEvent::Kind::no_answer); };
}
FakeGemini::Reaction done_but_unanswered() {
  return [](Call&, const std::function<HttpEvent()>& properly) {
    properly();
    return unanswered(HttpEvent::Kind::no_answer);
  };
}
FakeGemini::Reaction cut_after(std::size_t bytes) {
  return [=](Call& call, const std::function<HttpEvent()>& properly) {
    if (call.endpoint == Endpoint::data) call.body.resize(std::min(bytes, call.body.size()));
    auto event = properly();
    event.kind = HttpEvent::Kind::no_answer;
    event.body.resize(std::min(bytes, event.body.size()));
    event.detail = "cut";
    return event;
  };
}

std::string good_line(const std::string& key, const std::string& response) {
  return "{\"response\":" + response + ",\"key\":\"" + key + "\"}";
}
std::string error_line(const std::string& key, int code, const std::string& message) {
  return "{\"key\":\"" + key + "\",\"error\":{\"code\":" + std::to_string(code) + ",\"message\":\"" + message + "\"}}";
}
std::string key_of(const std::string& line) { return between(line, "\"key\":\"", "\""); }
std::string request_of(const std::string& line) {
  const std::string_view mark = "\"request\":";
  const auto from = line.find(mark) + mark.size();
  return line.substr(from, line.size() - from - 1);
}
std::vector<std::string> lines_of(const std::string& file_content) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < file_content.size();) {
    const auto end = file_content.find('\n', at);
    lines.push_back(file_content.substr(at, end - at));
    at = end == std::string::npos ? file_content.size() : end + 1;
  }
  return lines;
}

}  // namespace batchd::daemon::testing
