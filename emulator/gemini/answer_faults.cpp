#include "emulator/gemini/answer_faults.h"

#include <limits>

#include "emulator/base/dom.h"
#include "emulator/dialect/errors.h"
#include "emulator/dialect/pages.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

Response html(int status) {
  const auto code = std::to_string(status);
  auto response =
      plain_text(status, "<!DOCTYPE html>\n<html lang=en>\n<title>Error " + code + "</title>\n<p><b>" + code +
                             ".</b> <ins>That's an error.</ins>\n<p>The server encountered a temporary "
                             "error and could not complete your request.\n</html>\n");
  response.content_type = "text/html; charset=UTF-8";
  return response;
}

Response redirect(const Rule& fault, const Request& request) {
  auto response = html(static_cast<int>(fault.status));
  auto target = fault.to + request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + name + "=" + value;
    separator = '&';
  }
  response.headers.emplace_back("Location", target);
  return response;
}

// The provider's answer when a quota is used up; usually it doesn't say for how long.
Response quota(const std::string& retry_info) {
  std::string delay;
  if (!retry_info.empty()) {
    delay = R"(,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":)";
    json::append_string(delay, retry_info);
    delay += '}';
  }
  return google_error(429,
                      "You exceeded your current quota, please check your plan and billing details. For more "
                      "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
                      R"([{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about )"
                      R"(Gemini API quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]})" +
                          delay + "]");
}

// A place in a JSON text, and the new value for it.
struct Edit {
  Do action;
  std::string_view path;
  std::string_view json;  // the member is removed if empty
  bool makes = false;     // adds the member if it is absent
};

constexpr Edit kEdits[] = {
    {Do::unknown_state, "metadata.state", R"("BATCH_STATE_PAUSED")"},
    {Do::done_without_state, "metadata.state", ""},
    {Do::done_without_state, "done", "true", true},
    {Do::huge_counts, "metadata.batchStats.requestCount", R"("9007199254740993")"},
    {Do::huge_counts, "metadata.batchStats.successfulRequestCount", R"("18446744073709551616")"},
    {Do::huge_counts, "metadata.batchStats.pendingRequestCount", R"("-1")"},
    {Do::number_counts, "metadata.batchStats.requestCount", "9007199254740993"},
    {Do::number_counts, "metadata.batchStats.successfulRequestCount", "1e3"},
    {Do::number_counts, "metadata.batchStats.pendingRequestCount", "0.5"},
    {Do::no_tokens, "metadata.displayName", ""},
    {Do::wrong_hash, "sha256Hash", R"("MDAwMDAwMDAwMDAw")"},
    {Do::wrong_hash, "file.sha256Hash", R"("MDAwMDAwMDAwMDAw")"},
    {Do::wrong_size, "sizeBytes", R"("1")"},
    {Do::wrong_size, "file.sizeBytes", R"("1")"},
};

// The text that replaces a name: faults of names and of outputs, in turn.
struct BadName {
  Do name;
  Do output;
  const char* json;  // nullptr stands for 10 kB
};

constexpr BadName kBadNames[] = {
    {Do::name_elsewhere, Do::output_elsewhere, R"("https://other.invalid/v1beta/files/elsewhere")"},
    {Do::name_dotdot, Do::output_dotdot, R"("files/../../v1beta/models/../files/x")"},
    {Do::name_crlf, Do::output_crlf, R"("files/x\r\nX-Injected: yes\r\n\r\nGET / HTTP/1.1")"},
    {Do::name_long, Do::output_long, nullptr}};
constexpr std::string_view kNames[] = {"name", "metadata.name", "file.name", "file.uri"};
constexpr std::string_view kOutputs[] = {"metadata.output.responsesFile", "response.responsesFile"};

// A placeholder for a value until the document is text again: numbers such as 1e400 don't survive in a document.
constexpr const char* kPlaceholder = "@value@";

void put(Value& value, Document::AllocatorType& memory, std::string_view path, const Edit& edit) {
  const auto dot = path.find('.');
  const bool last = dot == std::string_view::npos;
  const std::string name(path.substr(0, dot));
  const auto rest = last ? std::string_view() : path.substr(dot + 1);
  if (value.IsArray() && !last) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
      if (name == "*" || name == std::to_string(i)) put(value[i], memory, rest, edit);
  }
  if (!value.IsObject()) return;
  const auto found = value.FindMember(name.c_str());
  const bool there = found != value.MemberEnd();
  if (!last) {
    if (there) put(found->value, memory, rest, edit);
    return;
  }
  if (there) value.RemoveMember(found);
  if (edit.json.empty() || (!there && !edit.makes)) return;
  value.AddMember(Value(name.c_str(), memory), Value(kPlaceholder, memory), memory);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// "*" in a path stands for every element of an array.
void apply(const Edit& edit, std::string_view path, std::string& body) {
  Document document;
  DomFault fault;
  if (!parse(body, document, fault)) return;
  put(document, document.GetAllocator(), path, edit);
  body = to_json(document);
  replace_all(body, "\"" + std::string(kPlaceholder) + "\"", edit.json);
}

// Applies in an answer with one job, and in each row of a list.
void apply_everywhere(const Edit& edit, std::string& body) {
  apply(edit, edit.path, body);
  for (const auto* rows : {"operations.*.", "files.*."}) apply(edit, rows + std::string(edit.path), body);
}

void edit_names(Do action, std::string& body) {
  const std::string endless = "\"files/" + std::string(10'000, 'a') + "\"";
  for (const auto& bad : kBadNames) {
    const std::string_view json = bad.json ? std::string_view(bad.json) : endless;
    if (bad.name == action)
      for (const auto path : kNames) apply_everywhere({action, path, json}, body);
    if (bad.output == action)
      for (const auto path : kOutputs) apply_everywhere({action, path, json}, body);
  }
}

// Lists: the rows in another order, or each of them twice.
void edit_rows(Do action, std::string& body) {
  Document document;
  DomFault fault;
  if (!parse(body, document, fault) || !document.IsObject() || !document.HasMember("operations")) return;
  auto& memory = document.GetAllocator();
  auto& rows = document["operations"];
  Value changed(rapidjson::kArrayType);
  for (rapidjson::SizeType i = 0; i < rows.Size(); ++i) {
    const auto& row = rows[action == Do::shuffle_page ? rows.Size() - 1 - i : i];
    for (int n = action == Do::repeat_rows ? 2 : 1; n > 0; --n) changed.PushBack(Value(row, memory), memory);
  }
  rows = changed;
  body = to_json(document);
}

// Returns an empty page, with a token that leads to the page that was asked for.
void empty_page(const Request& request, std::string& body) {
  const auto page = page_request(request);
  const auto before = page && page->before > 0 ? page->before : std::numeric_limits<std::uint64_t>::max();
  body = "{\"nextPageToken\":\"" + page_token(before) + "\"}";
}

void set_header(Response& response, std::string_view name, const std::string& value) {
  std::erase_if(response.headers, [&](const auto& entry) { return entry.first == name; });
  if (!value.empty()) response.headers.emplace_back(name, value);
}

std::optional<Response> answer_in_place(const Rule& fault, const Request& request) {
  const auto status = static_cast<int>(fault.status);
  if (fault.action == Do::status || fault.action == Do::status_after) {
    if (!fault.body) return google_error(status, usual_message(status));
    return fault.body_is_json ? json_text(status, *fault.body) : plain_text(status, *fault.body);
  }
  if (fault.action == Do::invalid_key) return bad_key();
  if (fault.action == Do::quota) return quota(fault.retry_info);
  if (fault.action == Do::html) return html(status);
  if (fault.action == Do::redirect) return redirect(fault, request);
  if (fault.action == Do::empty_body) return json_text(status, "");
  if (fault.action != Do::error_in_200) return std::nullopt;
  auto response = google_error(status, fault.message.empty() ? usual_message(status) : std::string_view(fault.message));
  response.status = 200;
  return response;
}

}  // namespace

std::optional<Response> other_answer(const Rule& fault, const Request& request) {
  auto answer = answer_in_place(fault, request);
  const bool may_wait = fault.action == Do::status || fault.action == Do::status_after || fault.action == Do::quota;
  if (may_wait && !fault.text.empty()) set_header(*answer, "Retry-After", fault.text);
  return answer;
}

void edit_answer(const Rule& fault, const Request& request, Response& response) {
  auto& body = response.body;
  for (const auto& edit : kEdits)
    if (edit.action == fault.action) apply_everywhere(edit, body);
  edit_names(fault.action, body);
  if (fault.action == Do::set) apply({fault.action, fault.path, fault.value, true}, fault.path, body);
  if (fault.action == Do::unset) apply({fault.action, fault.path, ""}, fault.path, body);
  if (fault.action == Do::job_state_prefix) replace_all(body, "\"BATCH_STATE_", "\"JOB_STATE_");
  if (fault.action == Do::shuffle_page || fault.action == Do::repeat_rows) edit_rows(fault.action, body);
  if (fault.action == Do::empty_page && response.status == 200) empty_page(request, body);
  if (fault.action == Do::header) set_header(response, fault.name, fault.text);
  if (fault.action == Do::upload_url_elsewhere) {
    for (const auto* name : {"X-Goog-Upload-URL", "X-Goog-Upload-Control-URL"})
      set_header(response, name, fault.to + "/upload/v1beta/files?upload_id=elsewhere&upload_protocol=resumable");
  }
}

}  // namespace batchd::emulator
