#include "tests/fictitious/courier.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "proto/json/write.h"
#include "tests/fictitious/courier_answers.h"
#include "tests/fictitious/dialogue.h"

namespace batchd::fictitious {
namespace {

using core::Fault;
using core::HttpCall;
using core::HttpEvent;
using proto::ControlDocument;

constexpr std::string_view kBefore = "{\"requests\":[";
constexpr std::string_view kAfter = "]}";
constexpr std::string_view kBetween = "},\n";  // ends each line; after the last one its comma has no place
constexpr std::int64_t kParcelBytesMax = 4 << 20;
constexpr std::int64_t kParcelItemsMax = 100;

class Courier final : public core::Provider {
 public:
  Courier() {
    caps_.input = core::Caps::Input::body;
    caps_.input_bytes_max = kParcelBytesMax;
    caps_.items_max = kParcelItemsMax;
    caps_.tag = core::Caps::Tag::none;
    caps_.endpoints = {"ask"};
    caps_.base_url = "https://courier.example";
    caps_.credential_header = {"x-courier-key", ""};
    rules_.dropped = {"stream"};
  }

  const core::Caps& caps() const override { return caps_; }

  std::optional<std::string> model_name(std::string_view text) const override {
    const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; };
    if (text.empty() || text.size() > core::kModelBytesMax || !std::ranges::all_of(text, allowed)) return std::nullopt;
    return std::string(text);
  }
  const core::RequestRules& request_rules(std::string_view) const override { return rules_; }
  std::optional<std::int64_t> first_tokens(const core::Lane&) const override { return std::nullopt; }
  std::optional<std::string> reference(std::string_view) const override { return std::nullopt; }

  core::LineFrame line_frame(const core::Lane& lane, core::BatchId batch, core::RequestId request) const override {
    std::string prefix = "{\"ref\":\"" + core::wire_key(batch, request) + "\",\"model\":";
    json::append_string(prefix, lane.model);
    return {prefix + ",\"item\":", std::string(kBetween)};
  }
  std::int64_t frame_bytes(const core::Lane& lane) const override {
    const auto frame = line_frame(lane, core::BatchId(1), core::RequestId(1));
    return static_cast<std::int64_t>(frame.prefix.size() + frame.suffix.size());
  }
  std::unique_ptr<core::ResultLineReader> result_reader() const override { return courier_result_reader(); }

  // Courier has no files.
  core::DialoguePtr<core::UploadSession> start_upload(const core::UploadSpec&) const override { CHECK(false); }
  core::DialoguePtr<core::Uploaded> upload(const core::UploadRest&) const override { CHECK(false); }
  core::DialoguePtr<core::Uploaded> upload_text(const std::string&, const std::string&) const override { CHECK(false); }
  core::DialoguePtr<core::Presence> check_file(const std::string&) const override { CHECK(false); }
  core::DialoguePtr<core::Removal> remove_file(const std::string&) const override { CHECK(false); }

  bool is_job_name(std::string_view name) const override { return is_parcel_name(name); }

  core::DialoguePtr<core::JobView> create(const core::CreateSpec& spec) const override {
    constexpr std::int64_t comma = 2;  // and the line break behind it
    CHECK(spec.file.empty() && spec.bytes > comma);
    auto call = json_call("POST", "/c/parcels", std::string(kBefore));
    call.body.emplace_back(core::BatchSlice{spec.batch, 0, spec.bytes - comma});
    call.body.emplace_back(std::string(kAfter));
    call.single_shot = true;
    return std::make_unique<SingleCall<core::JobView>>(
        std::move(call), [](const HttpEvent& event) -> core::Dialogue<core::JobView>::Next {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          auto parcel = document ? parse_parcel(document->root()) : std::nullopt;
          if (parcel) return std::move(parcel->job);
          return classify_courier(CourierCall::create, event);
        });
  }

  core::DialoguePtr<core::JobMatches> find(const core::JobSearch& search) const override {
    const auto wanted = [items = search.items, since = search.since](const Parcel& parcel) {
      return parcel.items == items && (!since || !parcel.job.created_at || *parcel.job.created_at >= *since);
    };
    return std::make_unique<Listing>(
        "/c/parcels", [wanted](const HttpEvent& event) -> std::variant<Listing::Page, Fault> {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          const auto* parcels = document ? proto::member(&document->root(), "parcels") : nullptr;
          if (parcels == nullptr || !parcels->IsArray()) return classify_courier(CourierCall::find, event);
          Listing::Page page;
          std::string last;
          for (const auto& each : parcels->GetArray()) {
            auto parcel = parse_parcel(each);
            if (!parcel) return classify_courier(CourierCall::find, event);
            last = parcel->job.name;
            if (wanted(*parcel)) page.jobs.push_back(std::move(parcel->job));
          }
          const bool more = proto::true_member(&document->root(), "more");
          if (more && last.empty()) return classify_courier(CourierCall::find, event);
          if (more) page.next = "/c/parcels?after=" + last;
          return page;
        });
  }
  core::DialoguePtr<core::JobMatches> survey(const std::string&) const override { CHECK(false); }

  core::DialoguePtr<core::JobView> poll(const std::string& job) const override {
    CHECK(is_parcel_name(job));
    return std::make_unique<SingleCall<core::JobView>>(
        json_call("GET", "/c/parcels/" + job), [job](const HttpEvent& event) -> core::Dialogue<core::JobView>::Next {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          auto parcel = document ? parse_parcel(document->root()) : std::nullopt;
          if (parcel && parcel->job.name == job) return std::move(parcel->job);
          return classify_courier(CourierCall::poll, event);
        });
  }
  // JobView::results names the job itself.
  core::DialoguePtr<core::Streamed> results(const std::string& result) const override {
    CHECK(is_parcel_name(result));
    auto call = json_call("GET", "/c/parcels/" + result + "/outcomes");
    call.sink = HttpCall::Sink::lines;
    return std::make_unique<SingleCall<core::Streamed>>(
        std::move(call), [](const HttpEvent& event) -> core::Dialogue<core::Streamed>::Next {
          if (is_success(event)) return core::Streamed{event.streamed_bytes};
          return classify_courier(CourierCall::results, event);
        });
  }
  core::DialoguePtr<core::Done> cancel(const std::string& job) const override {
    CHECK(is_parcel_name(job));
    return std::make_unique<SingleCall<core::Done>>(json_call("POST", "/c/parcels/" + job + "/recall"),
                                                    [](const HttpEvent& event) -> core::Dialogue<core::Done>::Next {
                                                      if (is_success(event)) return core::Done{};
                                                      auto fault = classify_courier(CourierCall::cancel, event);
                                                      if (fault.kind == Fault::Kind::missing) return core::Done{};
                                                      return fault;
                                                    });
  }
  // Courier says "unknown_model" itself, in a refusal; about a model alone it can't be asked.
  core::DialoguePtr<core::Presence> check_model(const core::Lane&) const override {
    return std::make_unique<SingleCall<core::Presence>>(
        json_call("GET", "/c/me"), [](const HttpEvent& event) -> core::Dialogue<core::Presence>::Next {
          if (is_success(event) && ControlDocument::parse(event.body)) return core::Presence{.present = true};
          return classify_courier(CourierCall::account, event);
        });
  }
  core::DialoguePtr<core::Presence> check_reference(const std::string&) const override { CHECK(false); }
  core::DialoguePtr<core::Done> check_account() const override {
    return std::make_unique<SingleCall<core::Done>>(json_call("GET", "/c/me"),
                                                    [](const HttpEvent& event) -> core::Dialogue<core::Done>::Next {
                                                      if (is_success(event) && ControlDocument::parse(event.body))
                                                        return core::Done{};
                                                      return classify_courier(CourierCall::account, event);
                                                    });
  }

 private:
  core::Caps caps_;
  core::RequestRules rules_;
};

}  // namespace

std::unique_ptr<core::Provider> make_courier() { return std::make_unique<Courier>(); }

}  // namespace batchd::fictitious
