// Resumable uploads: start, chunks, query, cancel. The upload id is the credential. A chunk that didn't arrive
// completely is dropped.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/switches.h"
#include "emulator/jobs/files.h"
#include "emulator/judge/ledger.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

struct UploadLimits {
  std::vector<std::string> refused_mimes;         // besides the built-in ones
  std::uint64_t file_bytes_max = 2ULL << 30;      // one file
  std::uint64_t storage_bytes_max = 20ULL << 30;  // a project's files, results among them
};

class Uploads {
 public:
  static constexpr std::uint64_t kGranularity = 8 << 20;  // all chunks but the last are multiples of it

  Uploads(Files& files, Ledger& ledger, const Switches& switches, UploadLimits limits)
      : files_(files), ledger_(ledger), switches_(switches), limits_(std::move(limits)) {}

  // `metadata` is the body of the start call.
  Response start(const Request& request, std::string_view project, std::string_view version, std::string_view metadata);
  // Takes a file in one call, "start, upload, finalize"; its body has the bytes.
  Task<Response> whole(const Request& request, std::string project, std::string version, BodySource& body);
  Task<Response> chunk(const Request& request, BodySource& body);
  Response query(const Request& request);
  Response cancel(const Request& request);
  void forget(const Request& request);  // removes the session, as if its lifetime were over
  // The file that this upload makes will be PROCESSING for so long, and FAILED then if `fails`, else ACTIVE.
  void hold(const Request& request, double seconds, bool fails);

 private:
  enum class Status { active, final, cancelled };
  struct Session {
    File file;  // content is set at the end
    std::string version;
    TimePoint started;
    Status status = Status::active;
    std::shared_ptr<Blob> bytes = std::make_shared<Blob>();
    std::uint64_t received = 0;  // whole chunks
    std::uint64_t writer = 0;    // grows with every chunk call, so that an older call writes no more
    std::string final_body;
    int final_status = 200;
    std::optional<double> processing_seconds;  // instead of what the switches say
    bool fails = false;
  };

  std::shared_ptr<Session> find(const Request& request);
  Response open(const Request& request, const std::shared_ptr<Session>& session);
  bool mime_refused(std::string_view mime_type) const;
  Response mime_refusal(std::string_view mime_type) const;
  std::optional<Response> size_refusal(std::string_view project, std::uint64_t bytes);
  // Returns why a complete file is refused; nullopt if it isn't.
  std::optional<Response> final_refusal(const Session& session);
  void note_failure(const Session& session, const Response& refusal);
  static void conclude(Session& session, const Response& answer);
  void set_processing(const Session& session, File& file) const;
  Task<Response> finalize(const Request& request, Session& session);
  Task<Response> take_bytes(const Request& request, Session& session, BodySource& body, bool last);
  static Response describe(const Session& session, Response response);
  static std::string base_address(const Request& request);

  Files& files_;
  Ledger& ledger_;
  const Switches& switches_;
  UploadLimits limits_;
  std::map<std::string, std::shared_ptr<Session>, std::less<>> sessions_;
};

}  // namespace batchd::emulator
