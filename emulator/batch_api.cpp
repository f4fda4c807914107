#include "emulator/batch_api.h"

#include <algorithm>

#include "emulator/dom.h"
#include "emulator/errors.h"
#include "emulator/lines.h"
#include "emulator/models.h"
#include "emulator/pages.h"
#include "emulator/roster.h"
#include "emulator/turns.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kErrorsMax = 100;  // line errors that one answer names

struct Checked {
  std::int64_t lines = 0;
  std::size_t characters = 0;  // of all prompts
  std::string any_key;
  std::string errors;  // "Error on line N: ...", joined by '\n'; empty: all fine
  Texts found;         // of those sought
};

void look_for(const Texts& sought, std::string_view prompt, Texts& found) {
  for (const auto& text : sought)
    if (prompt.find(text) != std::string_view::npos) found.insert(text);
}

// `roster` (or none) gets every line.
Task<Checked> check_lines(const Blob& input, Work work, Texts sought, Roster* roster) {
  Checked checked;
  std::size_t errors = 0;
  Turns turns;
  LineReader reader(input);
  for (std::string line; reader.next(line);) {
    if (blank(line)) continue;
    ++checked.lines;
    InputLine parsed;
    const auto why = read_line(line, work, parsed);
    if (!why.empty() && ++errors <= kErrorsMax) {
      if (!checked.errors.empty()) checked.errors += '\n';
      checked.errors += "Error on line " + std::to_string(reader.line_number()) + ": " + why;
    }
    checked.characters += parsed.prompt.characters;
    if (checked.any_key.empty()) checked.any_key = parsed.key;
    look_for(sought, parsed.prompt.text, checked.found);
    if (roster && why.empty()) roster->add(parsed);
    co_await turns.spend(line.size());
  }
  co_return checked;
}

struct Order {
  std::string display_name;
  std::string file_id;
  std::string priority;
};

constexpr std::string_view kBatchFields[] = {"model",        "name",          "displayName",
                                             "display_name", "inputConfig",   "input_config",
                                             "priority",     "webhookConfig", "webhook_config"};

std::optional<Response> check_fields(const Value& batch) {
  for (const auto& entry : batch.GetObject()) {
    const auto name = text(entry.name);
    if (std::ranges::find(kBatchFields, name) != std::ranges::end(kBatchFields)) continue;
    return not_json("Unknown name \"" + std::string(name) + "\" at 'batch': Cannot find field.");
  }
  return std::nullopt;
}

// The work that a method's batches do.
Work work_asked(const Route& route) {
  return route.method == "asyncBatchEmbedContent" ? Work::embedding : Work::content;
}

Response not_specified(Work work, const std::string& field) {
  const std::string message = work == Work::embedding ? "AsyncBatchEmbedContentRequest" : "BatchGenerateContentRequest";
  return google_error(400, "* " + message + "." + field + "\n");
}

// Reads the body of a create; a Response says what's wrong with it.
std::optional<Response> read_order(std::string_view body, Work work, Order& order) {
  Document document;
  DomFault fault;
  if (!parse(body, document, fault)) return not_json(fault.what);
  const auto* batch = member(document, "batch");
  if (!batch || !batch->IsObject()) return not_specified(work, "batch: batch is not specified");
  if (auto unknown = check_fields(*batch)) return unknown;
  order.display_name = text(*batch, "displayName", "display_name");
  if (const auto* priority = member(*batch, "priority")) {
    order.priority = priority->IsString() ? std::string(text(*priority)) : to_json(*priority);
  }
  const auto* input = member(*batch, "inputConfig", "input_config");
  if (!input) return not_specified(work, "batch.input_config: input_config is not specified");
  if (member(*input, "requests"))
    return google_error(400, "This emulator takes the input of a batch from a file only.");
  const auto name = text(*input, "fileName", "file_name");
  const auto at = name.rfind("files/");
  if (at == std::string_view::npos) return not_specified(work, "batch.input_config.file_name: invalid file name");
  order.file_id = name.substr(at + 6);
  return std::nullopt;
}

}  // namespace

Task<Texts> BatchApi::texts_in(std::string project, Route route, std::string body, Texts sought) {
  Order order;
  if (read_order(body, work_asked(route), order)) co_return Texts();
  const auto file = files_.find(project, order.file_id);
  if (!file) co_return Texts();
  const auto checked = co_await check_lines(*file->content, work_asked(route), sought, nullptr);
  co_return checked.found;
}

std::string BatchApi::file_named(const Route& route, std::string_view body) const {
  Order order;
  return read_order(body, work_asked(route), order) ? std::string() : order.file_id;
}

Task<Response> BatchApi::create(std::string project, Route route, std::string body) {
  const auto& model = route.resource;
  const auto work = work_asked(route);
  Order order;
  auto fault = read_order(body, work, order);
  const auto refused = [&](Response response) {
    ledger_.write("refused", {{"token", order.display_name}, {"file", "files/" + order.file_id}, {"model", model}},
                  {{"status", response.status}});
    return response;
  };
  if (fault) co_return refused(*fault);
  if (!known_model(model) || work_of(model) != work)
    co_return refused(no_such_model(model, route.version, route.method));
  if (!jobs_.room_for(project, model, 0)) co_return refused(google_error(429, usual_message(429)));
  const auto file = files_.find(project, order.file_id);
  if (!file) co_return refused(no_such_file(order.file_id));
  Roster roster(ledger_);
  const auto checked = co_await check_lines(*file->content, work, faults_.texts_sought(On::job), &roster);
  if (!checked.errors.empty()) co_return refused(google_error(400, checked.errors));
  if (checked.lines == 0) co_return refused(google_error(400, "The input file has no requests."));

  const auto estimate = static_cast<std::int64_t>(tokens(checked.characters));
  if (!jobs_.room_for(project, model, estimate)) co_return refused(google_error(429, usual_message(429)));

  auto fresh = std::make_unique<Job>();
  fresh->project = project;
  fresh->model = model;
  fresh->display_name = order.display_name;
  fresh->file_id = order.file_id;
  fresh->priority = order.priority;
  fresh->requests = checked.lines;
  fresh->tokens = estimate;
  fresh->any_key = checked.any_key;
  fresh->found = checked.found;
  const auto job = jobs_.create(std::move(fresh));
  ledger_.write("job",
                {{"job", job->id}, {"token", job->display_name}, {"file", "files/" + job->file_id}, {"model", model}},
                {{"lines", job->requests}});
  co_await roster.write(ledger_, job->id);
  co_return json_text(200, operation_json(*job, job_seconds_, true));
}

Response BatchApi::get(std::string_view project, std::string_view id) {
  const auto job = jobs_.find(project, id);
  if (!job || job->get_lag.look()) return no_such_entity();
  const bool hidden = is_end(job->state) && job->polls_to_output > 0;
  if (hidden) --job->polls_to_output;
  return json_text(200, operation_json(*job, job_seconds_, !hidden));
}

Response BatchApi::list(const Request& request, std::string_view project) {
  const auto page = page_request(request);
  if (!page) return google_error(400, usual_message(400));
  const auto jobs = jobs_.page(project, page->before, page->size);
  if (jobs.empty()) return json_text(200, "{}");
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("operations");
  w.begin_array();
  const auto given = std::min(jobs.size(), page->size);
  for (std::size_t i = 0; i < given; ++i) {
    w.raw(listed_operation_json(*jobs[i], job_seconds_));
  }
  w.end_array();
  if (jobs.size() > given) {
    w.key("nextPageToken");
    w.string(page_token(jobs[given - 1]->sequence));
  }
  w.end_object();
  return json_text(200, std::move(out));
}

Response BatchApi::cancel(std::string_view project, std::string_view id) {
  const auto job = jobs_.find(project, id);
  if (!job) return no_such_entity();
  ledger_.write("cancel", {{"job", job->id}});
  jobs_.cancel(*job);
  return json_text(200, "{}");
}

Response BatchApi::remove(std::string_view project, std::string_view id) {
  const auto job = jobs_.find(project, id);
  if (!job) return no_such_entity();
  ledger_.write("delete", {{"job", job->id}});
  jobs_.remove(*job);
  return json_text(200, "{}");
}

}  // namespace batchd::emulator
