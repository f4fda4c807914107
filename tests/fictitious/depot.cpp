#include "tests/fictitious/depot.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "proto/json/write.h"
#include "tests/fictitious/depot_answers.h"
#include "tests/fictitious/dialogue.h"

namespace batchd::fictitious {
namespace {

using core::Fault;
using core::HttpCall;
using core::HttpEvent;
using proto::ControlDocument;

// No line can hold it: it begins with a line break, and a request has none.
constexpr std::string_view kEdge = "depot-edge-5b1f";
constexpr std::int64_t kItemsMax = 50;
constexpr std::int64_t kInputBytesMax = 8 << 20;

std::string in_quotes(std::string_view text) {
  std::string json;
  json::append_string(json, text);
  return json;
}

std::string form_field(std::string_view name) {
  return "--" + std::string(kEdge) + "\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n";
}

core::DialoguePtr<core::Uploaded> upload_crate(const std::string& name, std::int64_t bytes, core::BodyPart lines) {
  auto call = json_call("POST", "/d/crates");
  call.headers.push_back({"Content-Type", "multipart/form-data; boundary=" + std::string(kEdge)});
  call.body.emplace_back(form_field("label") + name + "\r\n" + form_field("lines"));
  call.body.push_back(std::move(lines));
  call.body.emplace_back("\r\n--" + std::string(kEdge) + "--\r\n");
  return std::make_unique<SingleCall<core::Uploaded>>(
      std::move(call), [name, bytes](const HttpEvent& event) -> core::Dialogue<core::Uploaded>::Next {
        const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
        if (!document) return classify_depot(DepotCall::upload, event);
        auto crate = proto::text_member(&document->root(), "crate");
        const bool ours = proto::text_member(&document->root(), "label") == name &&
                          proto::integer_member(&document->root(), "bytes") == bytes;
        if (ours && is_crate_name(crate)) return core::Uploaded{std::move(crate)};
        return Fault{.kind = Fault::Kind::upload_gone,
                     .status = event.status,
                     .message = "the answer shows another file than the one that was sent"};
      });
}

core::DialoguePtr<core::JobMatches> list_runs(std::function<bool(const core::JobView&)> wanted) {
  return std::make_unique<Listing>(
      "/d/runs", [wanted = std::move(wanted)](const HttpEvent& event) -> std::variant<Listing::Page, Fault> {
        const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
        const auto* runs = document ? proto::member(&document->root(), "runs") : nullptr;
        if (runs == nullptr || !runs->IsArray()) return classify_depot(DepotCall::find, event);
        Listing::Page page;
        std::string last;
        for (const auto& run : runs->GetArray()) {
          auto job = parse_run(run);
          if (!job) return classify_depot(DepotCall::find, event);
          last = job->name;
          if (wanted(*job)) page.jobs.push_back(std::move(*job));
        }
        const bool more = proto::true_member(&document->root(), "more");
        if (more && last.empty()) return classify_depot(DepotCall::find, event);
        if (more) page.next = "/d/runs?after=" + last;
        return page;
      });
}

class Depot final : public core::Provider {
 public:
  Depot() {
    caps_.input_bytes_max = kInputBytesMax;
    caps_.items_max = kItemsMax;
    caps_.file_names = core::Caps::FileNames::theirs;
    caps_.file_lifetime = std::chrono::hours(240);
    caps_.fence = true;
    caps_.endpoints = {"/d/answer", "/d/embed"};
    caps_.base_url = "https://depot.example";
    caps_.credential_header = {"Authorization", "Depot "};
    caps_.headers = {{"X-Depot-Version", "3"}};
    rules_.media = {{"picture", "pic:"}};
    rules_.media_tokens = 100;
    rules_.dropped = {"stream"};
    rules_.references = {"attached"};
  }

  const core::Caps& caps() const override { return caps_; }

  std::optional<std::string> model_name(std::string_view text) const override {
    const auto allowed = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/:._-").find(c) != text_end;
    };
    if (text.empty() || text.size() > core::kModelBytesMax || !std::ranges::all_of(text, allowed)) return std::nullopt;
    return std::string(text);
  }
  const core::RequestRules& request_rules(std::string_view) const override { return rules_; }
  std::optional<std::int64_t> first_tokens(const core::Lane&) const override { return std::nullopt; }
  std::optional<std::string> reference(std::string_view value) const override {
    return is_crate_name(value) ? std::optional(std::string(value)) : std::nullopt;
  }

  // The endpoint and the model stand in each line.
  core::LineFrame line_frame(const core::Lane& lane, core::BatchId batch, core::RequestId request) const override {
    return {"{\"slip\":\"" + core::wire_key(batch, request) + "\",\"to\":" + in_quotes(lane.endpoint) +
                ",\"with\":" + in_quotes(lane.model) + ",\"ask\":",
            "}\n"};
  }
  std::int64_t frame_bytes(const core::Lane& lane) const override {
    const auto frame = line_frame(lane, core::BatchId(1), core::RequestId(1));
    return static_cast<std::int64_t>(frame.prefix.size() + frame.suffix.size());
  }
  std::unique_ptr<core::ResultLineReader> result_reader() const override { return depot_result_reader(); }

  core::DialoguePtr<core::UploadSession> start_upload(const core::UploadSpec&) const override { CHECK(false); }
  core::DialoguePtr<core::Uploaded> upload(const core::UploadRest& rest) const override {
    return upload_crate(rest.name, rest.bytes, core::BatchSlice{rest.batch, 0, rest.bytes});
  }
  core::DialoguePtr<core::Uploaded> upload_text(const std::string& name, const std::string& text) const override {
    return upload_crate(name, static_cast<std::int64_t>(text.size()), text);
  }
  core::DialoguePtr<core::Presence> check_file(const std::string& file) const override {
    CHECK(is_crate_name(file));
    return std::make_unique<SingleCall<core::Presence>>(
        json_call("GET", "/d/crates/" + file), [file](const HttpEvent& event) -> core::Dialogue<core::Presence>::Next {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          if (document && proto::text_member(&document->root(), "crate") == file)
            return core::Presence{.present = true};
          auto fault = classify_depot(DepotCall::file, event);
          if (fault.kind == Fault::Kind::missing) return core::Presence{.present = false, .error = fault.error};
          return fault;
        });
  }
  core::DialoguePtr<core::Removal> remove_file(const std::string& file) const override {
    CHECK(is_crate_name(file));
    return std::make_unique<SingleCall<core::Removal>>(
        json_call("DELETE", "/d/crates/" + file), [](const HttpEvent& event) -> core::Dialogue<core::Removal>::Next {
          if (is_success(event)) return core::Removal{.gone = true};
          auto fault = classify_depot(DepotCall::file, event);
          if (fault.kind == Fault::Kind::missing) return core::Removal{.gone = true};
          return fault;
        });
  }

  bool is_job_name(std::string_view name) const override { return is_run_name(name); }
  core::DialoguePtr<core::JobView> create(const core::CreateSpec& spec) const override {
    CHECK(is_crate_name(spec.file) && !spec.tag.empty());
    auto call = json_call("POST", "/d/runs",
                          "{\"crate\":" + in_quotes(spec.file) + ",\"work\":" + in_quotes(spec.lane.endpoint) +
                              ",\"note\":" + in_quotes(spec.tag) + "}");
    call.single_shot = true;
    return std::make_unique<SingleCall<core::JobView>>(
        std::move(call), [tag = spec.tag](const HttpEvent& event) -> core::Dialogue<core::JobView>::Next {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          auto job = document ? parse_run(document->root()) : std::nullopt;
          if (job && job->tag == tag) return std::move(*job);
          return classify_depot(DepotCall::create, event);
        });
  }
  core::DialoguePtr<core::JobMatches> find(const core::JobSearch& search) const override {
    return list_runs([tag = search.tag, file = search.file](const core::JobView& job) {
      return (!tag.empty() && job.tag == tag) || (!file.empty() && job.input_file == file);
    });
  }
  core::DialoguePtr<core::JobMatches> survey(const std::string& prefix) const override {
    return list_runs([prefix](const core::JobView& job) { return job.tag.starts_with(prefix); });
  }
  core::DialoguePtr<core::JobView> poll(const std::string& job) const override {
    CHECK(is_run_name(job));
    return std::make_unique<SingleCall<core::JobView>>(
        json_call("GET", "/d/runs/" + job), [job](const HttpEvent& event) -> core::Dialogue<core::JobView>::Next {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          auto shown = document ? parse_run(document->root()) : std::nullopt;
          if (shown && shown->name == job) return std::move(*shown);
          return classify_depot(DepotCall::poll, event);
        });
  }
  core::DialoguePtr<core::Streamed> results(const std::string& result) const override {
    CHECK(is_crate_name(result));
    auto call = json_call("GET", "/d/crates/" + result + "/content");
    call.sink = HttpCall::Sink::lines;
    return std::make_unique<SingleCall<core::Streamed>>(
        std::move(call), [](const HttpEvent& event) -> core::Dialogue<core::Streamed>::Next {
          if (is_success(event)) return core::Streamed{event.streamed_bytes};
          return classify_depot(DepotCall::results, event);
        });
  }
  core::DialoguePtr<core::Done> cancel(const std::string& job) const override {
    CHECK(is_run_name(job));
    return std::make_unique<SingleCall<core::Done>>(json_call("POST", "/d/runs/" + job + "/stop"),
                                                    [](const HttpEvent& event) -> core::Dialogue<core::Done>::Next {
                                                      if (is_success(event)) return core::Done{};
                                                      auto fault = classify_depot(DepotCall::cancel, event);
                                                      if (event.status == 409 || fault.kind == Fault::Kind::missing)
                                                        return core::Done{};  // it is over, or gone
                                                      return fault;
                                                    });
  }
  core::DialoguePtr<core::Presence> check_model(const core::Lane& lane) const override {
    return std::make_unique<SingleCall<core::Presence>>(
        json_call("GET", "/d/models/" + lane.model),
        [lane](const HttpEvent& event) -> core::Dialogue<core::Presence>::Next {
          const auto document = is_success(event) ? ControlDocument::parse(event.body) : std::nullopt;
          if (document && proto::text_member(&document->root(), "model") == lane.model)
            return core::Presence{.present = true};
          auto fault = classify_depot(DepotCall::model, event);
          if (fault.kind == Fault::Kind::missing) return core::Presence{.present = false, .error = fault.error};
          return fault;
        });
  }
  core::DialoguePtr<core::Presence> check_reference(const std::string& reference) const override {
    return check_file(reference);
  }
  core::DialoguePtr<core::Done> check_account() const override {
    return std::make_unique<SingleCall<core::Done>>(json_call("GET", "/d/models"),
                                                    [](const HttpEvent& event) -> core::Dialogue<core::Done>::Next {
                                                      if (is_success(event) && ControlDocument::parse(event.body))
                                                        return core::Done{};
                                                      return classify_depot(DepotCall::account, event);
                                                    });
  }

 private:
  static constexpr auto text_end = std::string_view::npos;
  core::Caps caps_;
  core::RequestRules rules_;
};

}  // namespace

std::unique_ptr<core::Provider> make_depot() { return std::make_unique<Depot>(); }

}  // namespace batchd::fictitious
