#include "emulator/gemini/api.h"

#include "emulator/dialect/errors.h"
#include "emulator/gemini/call_faults.h"

namespace batchd::emulator {
namespace {

std::string_view key_of(const Request& request) {
  const auto key = request.header("x-goog-api-key");
  return key.empty() ? request.parameter("key") : key;
}

// The project is the part of the key before its ':', so that two keys can share a project.
std::optional<Response> project_of(const Request& request, std::string& project) {
  const auto key = key_of(request);
  if (key.empty()) return no_key();
  if (key.starts_with("bad")) return bad_key();
  const auto colon = key.find(':');
  project = colon == std::string_view::npos ? "default" : key.substr(0, colon);
  return std::nullopt;
}

}  // namespace

Task<HandledCall> Api::handle(const Request& request, BodySource& body) {
  const auto target = route(request);
  HandledCall own;
  if (target.call == Call::set_faults) {
    own.response = co_await set_faults(body);
    co_return own;
  }
  if (target.call == Call::set_switches) {
    own.response = co_await set_switches(body);
    co_return own;
  }
  if (target.call == Call::get_switches) {
    own.response = json_text(200, switches_.json());
    co_return own;
  }
  own = co_await answer(request, target, body);
  put_insets(own.response);
  co_return own;
}

Task<HandledCall> Api::answer(const Request& request, const Route& target, BodySource& body) {
  const auto sought = target.call == Call::create ? faults_.texts_sought(On::create) : Texts();
  if (sought.empty()) co_return co_await handle_faulty(request, target, body, sought);
  // The prompts that rules look at are in the file that the body names.
  const auto text = co_await read_all(body, kBodyBytesMax);
  std::string project;
  Texts found;
  if (!text) {
    HandledCall refused;
    refused.response = payload_too_large();
    co_return refused;
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
    switches_.set(file.switches);
    const auto rules = static_cast<std::int64_t>(file.rules.size());
    faults_.replace(std::move(file));
    ledger_.write("faults", {}, {{"rules", rules}});
    co_return json_text(200, "{\"rules\":" + std::to_string(rules) + "}");
  } catch (const std::runtime_error& e) {
    co_return google_error(400, e.what());
  }
}

Task<Response> Api::set_switches(BodySource& body) {
  const auto text = co_await read_all(body, kBodyBytesMax);
  if (!text) co_return payload_too_large();
  Document document;
  DomFault fault;
  if (!parse(*text, document, fault)) co_return not_json(fault.what);
  try {
    switches_.set(switch_settings(document));
  } catch (const std::runtime_error& e) {
    co_return google_error(400, e.what());
  }
  ledger_.write("switches", {}, {});
  co_return json_text(200, switches_.json());
}

Task<HandledCall> Api::handle_faulty(const Request& request, const Route& target, BodySource& body,
                                     const Texts& found) {
  const auto on = watched_as(target.call);
  const auto fault = faults_.next(on, {.key = key_of(request), .found = &found});
  if (!fault) {
    HandledCall outcome;
    outcome.response = co_await serve(request, target, body);
    co_return outcome;
  }
  ledger_.fault(on, *fault, {{"method", request.method}, {"path", request.path}});
  if (fault->action == Do::processing) uploads_.hold(request, fault->seconds, fault->fails);
  FaultyCall call{*fault, request, body, effect_of(request, target),
                  [this, &request, &target](std::string_view text) { forget(request, target, text); }};
  co_return co_await run_faulty(std::move(call));
}

Effect Api::effect_of(const Request& request, const Route& target) {
  return [this, request, target](BodySource& body) { return serve(request, target, body); };
}

// Removes the file that the call names, or the upload that it continues, as if its lifetime were over.
void Api::forget(const Request& request, const Route& target, std::string_view body) {
  uploads_.forget(request);
  files_.remove(target.call == Call::create ? batches_.file_named(target, body) : target.resource);
}

std::optional<Rule> Api::accepted() {
  const auto fault = faults_.next(On::connection);
  if (fault) ledger_.fault(On::connection, *fault, {});
  return fault;
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
  if (route.call == Call::upload_whole) {
    co_return co_await uploads_.whole(request, project, route.version, body);
  }
  if (request.method == "GET" || request.method == "DELETE") co_return serve_without_body(request, route, project);
  co_return co_await serve_with_body(request, route, project, body);
}

Task<Response> Api::serve_with_body(const Request& request, const Route& route, std::string project, BodySource& body) {
  auto text = co_await read_all(body, kBodyBytesMax);
  if (!text) co_return payload_too_large();
  switch (route.call) {
    case Call::upload_start:
      co_return uploads_.start(request, project, route.version, *text);
    case Call::create:
      co_return co_await batches_.create(project, route, std::move(*text));
    case Call::generate:
      co_return sync_api_.generate(route, *text);
    case Call::generate_stream:
      co_return sync_api_.stream(request, route, *text);
    case Call::embed:
      co_return sync_api_.embed(route, *text);
    case Call::embed_many:
      co_return sync_api_.embed_many(route, *text);
    case Call::count_tokens:
      co_return sync_api_.count_tokens(route, *text);
    case Call::cache_create:
      co_return caches_.create(project, *text);
    case Call::batch_cancel:
      co_return batches_.cancel(project, route.resource);
    default:
      co_return no_such_entity();
  }
}

Response Api::serve_without_body(const Request& request, const Route& route, const std::string& project) {
  switch (route.call) {
    case Call::file_get:
      return file_api_.get(request, route, project);
    case Call::file_list:
      return file_api_.list(request, route, project);
    case Call::file_delete:
      return file_api_.remove(route, project);
    case Call::download:
      return file_api_.download(request, route, project);
    case Call::batch_get:
      return batches_.get(project, route.resource);
    case Call::batch_list:
      return batches_.list(request, project);
    case Call::batch_delete:
      return batches_.remove(project, route.resource);
    case Call::cache_get:
      return caches_.get(project, route.resource);
    case Call::cache_list:
      return caches_.list(project);
    case Call::cache_delete:
      return caches_.remove(project, route.resource);
    case Call::model_list:
      return sync_api_.list_models(request);
    case Call::model_get:
      return sync_api_.get_model(route);
    default:
      return no_such_entity();
  }
}

}  // namespace batchd::emulator
