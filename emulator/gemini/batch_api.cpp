#include "emulator/gemini/batch_api.h"

#include <algorithm>

#include "emulator/dialect/errors.h"
#include "emulator/dialect/models.h"
#include "emulator/dialect/pages.h"
#include "emulator/gemini/line_check.h"
#include "emulator/judge/roster.h"
#include "proto/json/write.h"

namespace batchd::emulator {
std::shared_ptr<const Blob> BatchApi::input_of(std::string_view project, const Order& order) {
  if (order.inlined) return order.inlined;
  const auto file = files_.find(project, order.file_id);
  return file ? file->content : nullptr;
}

std::optional<Response> BatchApi::input_refusal(std::string_view project, const Order& order) {
  if (order.inlined) return std::nullopt;
  const auto file = files_.find(project, order.file_id);
  if (file) return is_active(*file) ? std::nullopt : std::optional(not_active(order.file_id));
  if (switches_.is(Switch::missing_file, "404")) return no_such_entity();
  if (switches_.is(Switch::missing_file, "400")) return google_error(400, usual_message(400));
  return no_such_file(order.file_id);
}

// Some projects may make no jobs, whatever they ask for.
std::optional<Response> BatchApi::account_refusal() const {
  if (switches_.is(Switch::creates, "quota")) return google_error(429, usual_message(429));
  if (switches_.is(Switch::creates, "billing")) return no_billing();
  if (switches_.is(Switch::creates, "location")) return no_location();
  if (switches_.is(Switch::creates, "denied")) return google_error(403, usual_message(403));
  return std::nullopt;
}

Task<Texts> BatchApi::texts_in(std::string project, Route route, std::string body, Texts sought) {
  Order order;
  if (read_order(body, work_asked(route), order)) co_return Texts();
  const auto input = input_of(project, order);
  if (!input) co_return Texts();
  InputCheck what{.work = work_asked(route), .from_body = order.inlined != nullptr, .sought = sought};
  const auto checked = co_await check_lines(*input, std::move(what), switches_);
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
  body = std::string();  // frees the text, which can be large: the order has everything
  const auto file_name = order.inlined ? std::string() : "files/" + order.file_id;
  const auto refused = [&](Response response) {
    ledger_.write("refused", {{"token", order.display_name}, {"file", file_name}, {"model", model}},
                  {{"status", response.status}});
    return response;
  };
  if (fault) co_return refused(*fault);
  if (auto closed = account_refusal()) co_return refused(*closed);
  if (!takes_batches(model, switches_) || work_of(model) != work)
    co_return refused(no_such_model(model, route.version, route.method));
  if (!jobs_.room_for(project, model, 0)) co_return refused(google_error(429, usual_message(429)));
  if (auto unusable = input_refusal(project, order)) co_return refused(*unusable);
  const auto input = input_of(project, order);
  const References references(files_, caches_, switches_, project, model);
  Roster roster(ledger_);
  InputCheck what{.work = work,
                  .from_body = order.inlined != nullptr,
                  .sought = faults_.texts_sought(On::job),
                  .refusals = faults_.refusals(),
                  .references = switches_.is(Switch::references, "checked") ? &references : nullptr,
                  .roster = &roster};
  const auto checked = co_await check_lines(*input, std::move(what), switches_);
  if (checked.refusal) co_return refused(*checked.refusal);
  if (checked.lines == 0) co_return refused(google_error(400, "The input file has no requests."));

  const auto estimate = static_cast<std::int64_t>(tokens(checked.characters));
  if (!jobs_.room_for(project, model, estimate)) co_return refused(google_error(429, usual_message(429)));

  auto fresh = std::make_unique<Job>();
  fresh->project = project;
  fresh->model = model;
  fresh->display_name = order.display_name;
  fresh->file_id = order.file_id;
  fresh->inlined_input = order.inlined;
  if (!order.inlined && switches_.is(Switch::input_read, "create")) fresh->input = input;
  fresh->priority = order.priority;
  fresh->requests = checked.lines;
  fresh->tokens = estimate;
  fresh->any_key = checked.any_key;
  fresh->found = checked.found;
  const auto job = jobs_.create(std::move(fresh));
  ledger_.write("job", {{"job", job->id}, {"token", job->display_name}, {"file", file_name}, {"model", model}},
                {{"lines", job->requests}});
  co_await roster.write(ledger_, job->id);
  co_return json_text(200, operation_json(*job, job_seconds_, true));
}

Response BatchApi::unknown(std::string_view id) const {
  if (jobs_.known(id) && switches_.is(Switch::foreign_batch, "403")) return google_error(403, usual_message(403));
  return google_error(404, switches_.text(Switch::unknown_batch_text));
}

Response BatchApi::get(std::string_view project, std::string_view id) {
  const auto job = jobs_.find(project, id);
  if (!job || job->get_lag.look()) return unknown(id);
  const bool hidden = is_end(job->state) && job->polls_to_output > 0;
  if (hidden) --job->polls_to_output;
  auto response = json_text(200, operation_json(*job, job_seconds_, !hidden));
  if (!job->inlined_output || hidden) return response;
  response.inset = job->inlined_output;
  ledger_.write("download", {{"job", job->id}}, {{"bytes", static_cast<std::int64_t>(job->inlined_output->size())}});
  return response;
}

Response BatchApi::list(const Request& request, std::string_view project) {
  if (!request.parameter("filter").empty() && switches_.is(Switch::list_filter, "400")) {
    return google_error(400, usual_message(400));
  }
  const auto page = page_request(request, page_sizes(switches_));
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
  if (!job) return unknown(id);
  ledger_.write("cancel", {{"job", job->id}});
  if (is_end(job->state) && switches_.is(Switch::cancel_finished, "404")) return unknown(id);
  if (is_end(job->state) && switches_.is(Switch::cancel_finished, "400")) {
    return failed_precondition("The batch has ended and can't be cancelled.");
  }
  jobs_.cancel(*job);
  return json_text(200, "{}");
}

Response BatchApi::remove(std::string_view project, std::string_view id) {
  const auto job = jobs_.find(project, id);
  if (!job) return unknown(id);
  ledger_.write("delete", {{"job", job->id}});
  jobs_.remove(*job);
  return json_text(200, "{}");
}

}  // namespace batchd::emulator
