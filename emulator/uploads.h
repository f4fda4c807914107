// Resumable uploads: start, chunks, query, cancel. The upload id is the credential; a chunk that didn't arrive whole
// never happened.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/files.h"
#include "emulator/http.h"
#include "emulator/ledger.h"

namespace batchd::emulator {

class Uploads {
 public:
  static constexpr std::uint64_t kGranularity = 8 << 20;  // all chunks but the last are multiples of it
  static constexpr std::chrono::hours kSessionLife{24};

  Uploads(Files& files, Ledger& ledger, std::vector<std::string> refused_mimes)
      : files_(files), ledger_(ledger), refused_mimes_(std::move(refused_mimes)) {}

  // `metadata`: the body of the start call.
  Response start(const Request& request, std::string_view project, std::string_view version, std::string_view metadata);
  Task<Response> chunk(const Request& request, BodySource& body);
  Response query(const Request& request);
  Response cancel(const Request& request);
  void forget(const Request& request);  // the session is gone, as after its day

 private:
  enum class Status { active, final, cancelled };
  struct Session {
    File file;  // content is set at the end
    std::string version;
    TimePoint started;
    Status status = Status::active;
    std::shared_ptr<Blob> bytes = std::make_shared<Blob>();
    std::uint64_t received = 0;  // whole chunks
    std::uint64_t writer = 0;    // grows with every chunk call: an older call may write no more
    std::string final_body;
    int final_status = 200;
  };

  std::shared_ptr<Session> find(const Request& request);
  std::optional<Response> mime_refusal(std::string_view mime_type) const;
  Task<Response> finalize(const Request& request, Session& session);
  static Response describe(const Session& session, Response response);
  static std::string base_address(const Request& request);

  Files& files_;
  Ledger& ledger_;
  std::vector<std::string> refused_mimes_;
  std::map<std::string, std::shared_ptr<Session>, std::less<>> sessions_;
};

}  // namespace batchd::emulator
