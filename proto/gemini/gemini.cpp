#include "proto/gemini/gemini.h"
#include "proto/gemini/names.h"

#include <utility>

#include "core/check.h"
#include "core/limits.h"
#include "proto/gemini/files.h"
#include "proto/gemini/jobs.h"
#include "proto/gemini/result_line.h"

namespace batchd::proto {
namespace {

using namespace core;

constexpr std::string_view kBeforeKey = "{\"key\":\"";
constexpr std::string_view kAfterKey = "\",\"request\":";
constexpr std::string_view kSuffix = "}\n";

class Gemini : public Provider {
 public:
  explicit Gemini(GeminiConfig config) : config_(std::move(config)) {
    CHECK(!config_.mime_types.empty());
    caps_.file_bytes_max = 2'000'000'000;
    caps_.line_frame_bytes =
        static_cast<std::int64_t>(kBeforeKey.size() + kWireKeyBytes + kAfterKey.size() + kSuffix.size());
    caps_.mime_types = static_cast<int>(config_.mime_types.size());
    caps_.fence = true;
    caps_.endpoints = {"generateContent", "embedContent"};
    caps_.file_lifetime = std::chrono::hours(48);
    caps_.credential_header = {"x-goog-api-key", ""};
  }

  const Caps& caps() const override { return caps_; }
  LineFrame encode_line(BatchId batch, RequestId request) const override {
    std::string prefix(kBeforeKey);
    prefix += wire_key(batch, request);
    prefix += kAfterKey;
    return {std::move(prefix), std::string(kSuffix)};
  }
  std::unique_ptr<ResultLineReader> result_reader() const override { return gemini_result_reader(); }
  bool is_job_name(std::string_view name) const override { return proto::is_job_name(name); }

  DialoguePtr<UploadSession> start_upload(const UploadSpec& spec) const override {
    return proto::start_upload(config_, spec);
  }
  DialoguePtr<Uploaded> continue_upload(const UploadRest& rest) const override { return proto::continue_upload(rest); }
  DialoguePtr<Uploaded> upload_text(const std::string& name, const std::string& text) const override {
    return proto::upload_text(config_, name, text);
  }
  DialoguePtr<JobView> create(const CreateSpec& spec) const override { return create_job(config_.api_version, spec); }
  DialoguePtr<JobMatches> find(const std::string& tag, const std::string& file) const override {
    return find_jobs(config_.api_version, tag, file);
  }
  DialoguePtr<JobMatches> survey(const std::string& prefix) const override {
    return survey_jobs(config_.api_version, prefix);
  }
  DialoguePtr<JobView> poll(const std::string& job) const override { return poll_job(config_.api_version, job); }
  DialoguePtr<Streamed> results(const std::string& result_file) const override {
    return download_results(config_.api_version, result_file);
  }
  DialoguePtr<Done> cancel(const std::string& job) const override { return cancel_job(config_.api_version, job); }
  DialoguePtr<Presence> check_file(const std::string& file) const override {
    return proto::check_file(config_.api_version, file);
  }
  DialoguePtr<Removal> remove_file(const std::string& file) const override {
    return proto::remove_file(config_.api_version, file);
  }
  DialoguePtr<Done> check_account() const override { return list_one_model(config_.api_version); }

 private:
  GeminiConfig config_;
  Caps caps_;
};

}  // namespace

std::unique_ptr<Provider> make_gemini(GeminiConfig config) { return std::make_unique<Gemini>(std::move(config)); }

}  // namespace batchd::proto
