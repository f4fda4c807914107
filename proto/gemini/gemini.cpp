#include "proto/gemini/gemini.h"

#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "proto/gemini/allowance.h"
#include "proto/gemini/files.h"
#include "proto/gemini/jobs.h"
#include "proto/gemini/lookups.h"
#include "proto/gemini/names.h"
#include "proto/gemini/result_line.h"

namespace batchd::proto {
namespace {

using namespace core;

constexpr std::string_view kBeforeKey = "{\"key\":\"";
constexpr std::string_view kAfterKey = "\",\"request\":";
constexpr std::string_view kSuffix = "}\n";
constexpr auto kFrameBytes =
    static_cast<std::int64_t>(kBeforeKey.size() + kWireKeyBytes + kAfterKey.size() + kSuffix.size());

Caps gemini_caps(const GeminiConfig& config) {
  Caps caps;
  caps.input = Caps::Input::file;
  caps.input_bytes_max = 2'000'000'000;
  caps.file_names = Caps::FileNames::ours;
  caps.file_prefix = kFilePrefix;
  caps.resumable = true;
  caps.upload_variants = static_cast<int>(config.mime_types.size());
  caps.file_lifetime = std::chrono::hours(48);
  caps.tag = Caps::Tag::on_job;
  caps.fence = true;
  caps.endpoints = {"generateContent", "embedContent"};
  caps.base_url = "https://generativelanguage.googleapis.com";
  caps.credential_header = {"x-goog-api-key", ""};
  caps.key_prefixes = {"AIza", "AQ.", "ya29."};
  return caps;
}

// fileData.fileUri of a part, and cachedContent, in both spellings of JSON of protocol buffers. What a function's
// arguments or answers are called is the caller's own affair.
std::vector<std::string> reference_places() {
  std::vector<std::string> places{"cachedContent", "cached_content"};
  for (const std::string content : {"contents", "content", "systemInstruction", "system_instruction"})
    for (const std::string data : {".parts.fileData", ".parts.file_data"})
      for (const std::string uri : {".fileUri", ".file_uri"}) places.push_back(content + data + uri);
  return places;
}

class Gemini : public Provider {
 public:
  explicit Gemini(GeminiConfig config) : config_(std::move(config)), caps_(gemini_caps(config_)) {
    CHECK(!config_.mime_types.empty());
  }

  const Caps& caps() const override { return caps_; }
  std::optional<std::string> model_name(std::string_view text) const override { return proto::model_name(text); }
  const RequestRules& request_rules(std::string_view) const override { return rules_; }
  std::optional<std::int64_t> first_tokens(const Lane& lane) const override {
    return first_tier_tokens(lane.endpoint, lane.model);
  }
  std::optional<std::string> reference(std::string_view value) const override { return reference_in(value); }

  LineFrame line_frame(const Lane&, BatchId batch, RequestId request) const override {
    std::string prefix(kBeforeKey);
    prefix += wire_key(batch, request);
    prefix += kAfterKey;
    return {std::move(prefix), std::string(kSuffix)};
  }
  std::int64_t frame_bytes(const Lane&) const override { return kFrameBytes; }
  std::unique_ptr<ResultLineReader> result_reader() const override { return gemini_result_reader(); }

  DialoguePtr<UploadSession> start_upload(const UploadSpec& spec) const override {
    return proto::start_upload(config_, spec);
  }
  DialoguePtr<Uploaded> upload(const UploadRest& rest) const override { return upload_file(rest); }
  DialoguePtr<Uploaded> upload_text(const std::string& name, const std::string& text) const override {
    return proto::upload_text(config_, name, text);
  }
  DialoguePtr<Presence> check_file(const std::string& file) const override {
    return proto::check_file(config_.api_version, file);
  }
  DialoguePtr<Removal> remove_file(const std::string& file) const override {
    return proto::remove_file(config_.api_version, file);
  }

  bool is_job_name(std::string_view name) const override { return proto::is_job_name(name); }
  DialoguePtr<JobView> create(const CreateSpec& spec) const override { return create_job(config_.api_version, spec); }
  DialoguePtr<JobMatches> find(const JobSearch& search) const override {
    return find_jobs(config_.api_version, search.tag, search.file);
  }
  DialoguePtr<JobMatches> survey(const std::string& prefix) const override {
    return survey_jobs(config_.api_version, prefix);
  }
  DialoguePtr<JobView> poll(const std::string& job) const override { return poll_job(config_.api_version, job); }
  DialoguePtr<Streamed> results(const std::string& result) const override {
    return download_results(config_.api_version, result);
  }
  DialoguePtr<Done> cancel(const std::string& job) const override { return cancel_job(config_.api_version, job); }

  DialoguePtr<Presence> check_model(const Lane& lane) const override {
    return proto::check_model(config_.api_version, lane);
  }
  DialoguePtr<Presence> check_reference(const std::string& reference) const override {
    return proto::check_reference(config_.api_version, reference);
  }

  DialoguePtr<Done> check_account() const override { return list_one_model(config_.api_version); }

 private:
  GeminiConfig config_;
  Caps caps_;
  RequestRules rules_{.media = {{"data", ""}},  // inlineData.data
                      .media_tokens = 258,
                      .text_bytes_per_token = 4,
                      .dropped = {},
                      .references = reference_places()};
};

}  // namespace

std::unique_ptr<Provider> make_gemini(GeminiConfig config) { return std::make_unique<Gemini>(std::move(config)); }

}  // namespace batchd::proto
