#include "emulator/api.h"

#include "emulator/answers.h"
#include "emulator/errors.h"
#include "emulator/models.h"
#include "emulator/pages.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

std::string_view key_of(const Request& request) {
  const auto key = request.header("x-goog-api-key");
  return key.empty() ? request.parameter("key") : key;
}

// The key decides the project: what stands before its ':', so that two keys can share one.
std::optional<Response> project_of(const Request& request, std::string& project) {
  const auto key = key_of(request);
  if (key.empty()) return no_key();
  if (key.starts_with("bad")) return bad_key();
  const auto colon = key.find(':');
  project = colon == std::string_view::npos ? "default" : key.substr(0, colon);
  return std::nullopt;
}

// Nullopt: more than the API takes.
Task<std::optional<std::string>> read_all(BodySource& body, std::size_t bytes_max) {
  std::string text;
  std::string piece(64 << 10, '\0');
  for (;;) {
    const auto got = co_await body.read(piece);
    if (got == 0) co_return text;
    if (text.size() + got > bytes_max) co_return std::nullopt;
    text.append(piece, 0, got);
  }
}

// A body that has been read before its time.
class ReadBody : public BodySource {
 public:
  explicit ReadBody(std::string text) : text_(std::move(text)) {}
  Task<std::size_t> read(std::span<char> out) override {
    const auto got = text_.copy(out.data(), out.size(), at_);
    at_ += got;
    co_return got;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

Response scripted(const Rule& rule) {
  if (rule.action == Do::invalid_key) return bad_key();
  if (!rule.body) return google_error(rule.status, usual_message(rule.status));
  return rule.body_is_json ? json_text(rule.status, *rule.body) : plain_text(rule.status, *rule.body);
}

Task<void> pause(std::int64_t milliseconds) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(asio::use_awaitable);
}

Outcome after_effect(const std::optional<Rule>& fault, Response response) {
  Outcome outcome;
  outcome.response = std::move(response);
  if (!fault) return outcome;
  if (fault->action == Do::reset_after) outcome.ending = Outcome::Ending::reset;
  if (fault->action == Do::truncate) outcome.ending = Outcome::Ending::truncate;
  if (fault->action == Do::status_after) outcome.response = scripted(*fault);
  if (fault->action == Do::withhold) {
    outcome.ending = Outcome::Ending::hold;
    outcome.hold_seconds = fault->seconds;
  }
  return outcome;
}

std::string address(const Request& request) { return "http://" + std::string(request.header("host")); }

Response list_models(const Request& request) {
  const auto page = page_request(request);
  if (!page) return google_error(400, usual_message(400));
  return json_text(200, model_list_json(*page));
}

}  // namespace

Task<Outcome> Api::handle(const Request& request, BodySource& body) {
  const auto target = route(request);
  Outcome own;
  if (target.call == Call::set_faults) {
    own.response = co_await set_faults(body);
    co_return own;
  }
  const auto sought = target.call == Call::create ? faults_.texts_sought(On::create) : Texts();
  if (sought.empty()) co_return co_await handle_faulty(request, target, body, sought);
  // What the rules want to know of the prompts is in the file that the body names.
  const auto text = co_await read_all(body, kBodyBytesMax);
  std::string project;
  Texts found;
  if (!text) {
    own.response = payload_too_large();
    co_return own;
  }
  if (!project_of(request, project)) found = co_await batches_.texts_in(project, target, *text, sought);
  ReadBody again(*text);
  co_return co_await handle_faulty(request, target, again, found);
}

Task<Response> Api::set_faults(BodySource& body) {
  const auto text = co_await read_all(body, kBodyBytesMax);
  if (!text) co_return payload_too_large();
  try {
    auto file = parse_fault_file(*text);
    const auto rules = static_cast<std::int64_t>(file.rules.size());
    faults_.replace(std::move(file));
    ledger_.write("faults", {}, {{"rules", rules}});
    co_return json_text(200, "{\"rules\":" + std::to_string(rules) + "}");
  } catch (const std::runtime_error& e) {
    co_return google_error(400, e.what());
  }
}

Task<Outcome> Api::handle_faulty(const Request& request, const Route& target, BodySource& body, const Texts& found) {
  const auto on = watched_as(target.call);
  const auto fault = faults_.next(on, {.key = key_of(request), .found = &found});
  if (fault) {
    ledger_.write("fault", {{"on", on_text(on)}, {"do", do_text(fault->action)}, {"path", request.path}});
    Outcome outcome;
    if (fault->action == Do::reset_before) outcome.ending = Outcome::Ending::reset;
    const bool refuses = fault->action == Do::status || fault->action == Do::invalid_key;
    if (refuses) outcome.response = scripted(*fault);
    if (refuses || fault->action == Do::reset_before) co_return outcome;
    if (fault->action == Do::delay) co_await pause(fault->milliseconds);
  }
  auto response = co_await serve(request, target, body);
  co_return after_effect(fault, std::move(response));
}

Task<Response> Api::serve(const Request& request, const Route& route, BodySource& body) {
  switch (route.call) {
    case Call::upload_chunk:
      co_return co_await uploads_.chunk(request, body);
    case Call::upload_query:
      co_return uploads_.query(request);
    case Call::upload_cancel:
      co_return uploads_.cancel(request);
    default:
      break;
  }
  std::string project;
  if (auto refusal = project_of(request, project)) co_return *refusal;
  if (request.method == "GET" || request.method == "DELETE") co_return serve_without_body(request, route, project);
  co_return co_await serve_with_body(request, route, project, body);
}

Task<Response> Api::serve_with_body(const Request& request, const Route& route, std::string project, BodySource& body) {
  const auto text = co_await read_all(body, kBodyBytesMax);
  if (!text) co_return payload_too_large();
  switch (route.call) {
    case Call::upload_start:
      co_return uploads_.start(request, project, route.version, *text);
    case Call::create:
      co_return co_await batches_.create(project, route, *text);
    case Call::generate:
      co_return generate(route, *text);
    case Call::batch_cancel:
      co_return batches_.cancel(project, route.resource);
    default:
      co_return no_such_entity();
  }
}

Response Api::serve_without_body(const Request& request, const Route& route, const std::string& project) {
  switch (route.call) {
    case Call::file_get:
      return get_file(request, route, project);
    case Call::file_list:
      return list_files(request, route, project);
    case Call::file_delete:
      return delete_file(route, project);
    case Call::download:
      return download(request, route, project);
    case Call::batch_get:
      return batches_.get(project, route.resource);
    case Call::batch_list:
      return batches_.list(request, project);
    case Call::batch_delete:
      return batches_.remove(project, route.resource);
    case Call::model_list:
      return list_models(request);
    case Call::model_get:
      if (!known_model(route.resource)) return no_such_model(route.resource, route.version, "generateContent");
      return json_text(200, model_json(route.resource));
    default:
      return no_such_entity();
  }
}

Response Api::list_files(const Request& request, const Route& route, const std::string& project) {
  const auto page = page_request(request);
  if (!page) return google_error(400, usual_message(400));
  const auto files = files_.page(project, page->before, page->size);
  if (files.empty()) return json_text(200, "{}");
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("files");
  w.begin_array();
  const auto given = std::min(files.size(), page->size);
  for (std::size_t i = 0; i < given; ++i) w.raw(file_json(*files[i], address(request), route.version));
  w.end_array();
  if (files.size() > given) {
    w.key("nextPageToken");
    w.string(page_token(files[given - 1]->sequence));
  }
  w.end_object();
  return json_text(200, std::move(out));
}

Response Api::get_file(const Request& request, const Route& route, const std::string& project) {
  const auto file = files_.find(project, route.resource);
  if (!file) return no_such_file(route.resource);
  return json_text(200, file_json(*file, address(request), route.version));
}

Response Api::delete_file(const Route& route, const std::string& project) {
  if (route.resource.size() > 40) {
    // So it is with the provider: the names of its own result files are longer than it lets anybody delete.
    return google_error(400,
                        "* DeleteFileRequest.name: File ID (name excluding 'files/') cannot be more than 40 "
                        "characters.\n");
  }
  if (!files_.find(project, route.resource)) return no_such_file(route.resource);
  files_.remove(route.resource);
  ledger_.write("delete", {{"file", "files/" + route.resource}});
  return json_text(200, "{}");
}

Response Api::download(const Request& request, const Route& route, const std::string& project) {
  if (request.parameter("alt") != "media") return google_error(400, "Downloads need alt=media.");
  const auto file = files_.find(project, route.resource);
  if (!file) return no_such_file(route.resource);
  if (!file->generated) return google_error(400, "Only generated files can be downloaded.");
  ledger_.write("download", {{"file", "files/" + file->id}},
                {{"bytes", static_cast<std::int64_t>(file->content->size())}});
  Response response;
  response.content_type = "application/octet-stream";
  response.blob = file->content;
  return response;
}

Response Api::generate(const Route& route, const std::string& body) {
  if (!known_model(route.resource) || work_of(route.resource) != Work::content) {
    return no_such_model(route.resource, route.version, "generateContent");
  }
  Document document;
  DomFault fault;
  if (!parse(body, document, fault)) return not_json(fault.what);
  Prompt prompt;
  const auto why = read_request(document, body, Work::content, prompt);
  if (!why.empty()) return not_json(why);
  if (!prompt.has_contents) return google_error(400, without_contents(Work::content));
  ledger_.write("generate", {{"model", route.resource}, {"prompt_sha256", prompt.sha256()}, {"billed", "billed"}});
  return json_text(200, response_json(prompt, route.resource));
}

}  // namespace batchd::emulator
