#include "proto/gemini/dialogue.h"

namespace batchd::proto {

core::Fault unreadable(CallKind call, const core::HttpEvent& event, std::string what) {
  const bool create = call == CallKind::create;
  return {.kind = create ? core::Fault::Kind::unclear : core::Fault::Kind::transient,
          .status = event.status,
          .message = std::move(what),
          .lines = {}};
}

core::HttpCall json_call(std::string method, std::string target, std::string body) {
  core::HttpCall call;
  call.method = std::move(method);
  call.target = std::move(target);
  if (!body.empty()) {
    call.headers.push_back({"Content-Type", "application/json"});
    call.body = std::move(body);
  }
  return call;
}

}  // namespace batchd::proto
