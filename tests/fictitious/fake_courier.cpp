#include "tests/fictitious/fake_courier.h"

#include "core/check.h"
#include "proto/json/validator.h"

namespace batchd::fictitious {

using core::HttpEvent;
using core::JobEnd;

namespace {

constexpr std::string_view kParcels = "/c/parcels";
constexpr std::size_t kParcelMost = 100;
constexpr std::string_view kDislikes = "courier won't carry this";

std::string courier_fault(std::string_view kind, std::string_view text) {
  return "{\"kind\":\"" + std::string(kind) + "\",\"text\":\"" + std::string(text) + "\"}";
}
HttpEvent courier_refuses(int status, std::string_view kind, std::string_view text) {
  return reply(status, "{\"error\":" + courier_fault(kind, text) + "}");
}

std::string_view courier_verdict(JobEnd end) {
  switch (end) {
    case JobEnd::succeeded:
      return "delivered";
    case JobEnd::failed:
      return "lost";
    case JobEnd::cancelled:
      return "recalled";
    case JobEnd::expired:
      return "late";
  }
  CHECK(false);
}

std::string_view courier_reason(core::FailedFor why) {
  switch (why) {
    case core::FailedFor::trouble:
      return "courier_fell";
    case core::FailedFor::too_much:
      return "slow_down";
    case core::FailedFor::model:
      return "unknown_model";
    case core::FailedFor::refused:
    case core::FailedFor::no_input:
    case core::FailedFor::lines:
      return "bad_request";
  }
  CHECK(false);
}

template <class Job>
std::string parcel_json(const Job& job) {
  std::string json = "{\"parcel\":\"" + job.name + "\",\"items\":" + std::to_string(job.lines.size()) +
                     ",\"made\":" + std::to_string(job.made.time_since_epoch().count());
  if (!job.end) return json + ",\"stage\":\"waiting\"}";
  json += ",\"stage\":\"over\",\"verdict\":\"" + std::string(courier_verdict(*job.end)) + "\"";
  if (job.end == JobEnd::failed) json += ",\"why\":" + courier_fault(courier_reason(job.failed_for), "it fell");
  return json + "}";
}

}  // namespace

HttpEvent FakeCourier::too_many() const { return courier_refuses(429, "slow_down", "too many parcels"); }

Ask FakeCourier::ask_of(const core::HttpCall& call) const {
  const std::string_view target = call.target;
  if (!target.starts_with(kParcels)) return Ask::other;
  if (call.method == "POST") return target == kParcels ? Ask::create : Ask::cancel;
  if (target.ends_with("/outcomes")) return Ask::results;
  return target == kParcels || target.starts_with("/c/parcels?") ? Ask::find : Ask::poll;
}

HttpEvent FakeCourier::serve(const core::HttpCall& call, const std::string& body) {
  const std::string_view target = call.target;
  switch (ask_of(call)) {
    case Ask::create:
      return create(body);
    case Ask::find:
      return list(between(target, "after=", "&"));
    case Ask::results:
    case Ask::poll:
    case Ask::cancel:
      return about_parcel(call.method, target.substr(kParcels.size() + 1));
    case Ask::upload:
    case Ask::file:
      break;
    case Ask::other:
      return reply(200, "{\"me\":\"you\"}");
  }
  CHECK(false);
}

HttpEvent FakeCourier::create(const std::string& body) {
  if (!json::validate(body, {})) return courier_refuses(400, "bad_request", "this is no document");
  const auto begin = body.find('[') + 1;
  auto lines = lines_in(body.substr(begin, body.rfind(']') - begin), "\"ref\":\"", "\"item\":");
  const auto places = places_refused(lines);
  if (lines.size() > kParcelMost) return courier_refuses(413, "too_big", "too many requests");
  if (places.empty()) return reply(200, parcel_json(add_job(std::move(lines))));
  std::string json = "{\"error\":{\"kind\":\"bad_item\",\"text\":\"some items are bad\",\"items\":[";
  for (const auto place : places)
    json += (json.back() == '[' ? "{\"at\":" : ",{\"at\":") + std::to_string(place) + ",\"text\":\"" +
            std::string(kDislikes) + "\"}";
  return reply(400, json + "]}}");
}

HttpEvent FakeCourier::list(std::string_view after) const {
  bool more = false;
  std::string json = "{\"parcels\":[";
  for (const auto* job : page_after(after, more)) json += (json.back() == '[' ? "" : ",") + parcel_json(*job);
  return reply(200, json + "],\"more\":" + (more ? "true" : "false") + "}");
}

HttpEvent FakeCourier::about_parcel(const std::string& method, std::string_view path) {
  const std::string name(path.substr(0, path.find('/')));
  auto* job = find_job(name);
  if (job == nullptr) return courier_refuses(404, "no_parcel", "there is no parcel " + name);
  if (path.ends_with("/outcomes")) {
    if (!job->end) return courier_refuses(404, "no_parcel", "it is on its way");
    return reply(200, job->good + job->bad);
  }
  if (method == "POST" && !job->end) stop(name);
  return reply(200, parcel_json(*job));
}

std::string FakeCourier::result_line(const Line& line, Fate fate, JobEnd end) const {
  const auto says = [&](const std::string& outcome) {
    return "{\"ref\":\"" + line.key + "\",\"outcome\":{\"kind\":\"" + outcome + "}}";
  };
  switch (fate) {
    case Fate::good:
      return says("done\",\"answer\":{\"echo\":" + line.request + "}");
    case Fate::bad:
      return says("spoiled\",\"fault\":" + courier_fault("bad_item", kDislikes));
    case Fate::trouble:
      return says("spoiled\",\"fault\":" + courier_fault("courier_fell", "it fell"));
    case Fate::left:
      return says(end == JobEnd::cancelled ? "recalled\"" : "late\"");
    case Fate::lost:
      return "";
  }
  CHECK(false);
}

}  // namespace batchd::fictitious
