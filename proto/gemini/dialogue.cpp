#include "proto/gemini/dialogue.h"

namespace batchd::proto {

core::Fault unreadable(CallKind call, const core::HttpEvent& event, std::string what) {
  return {.kind = unproven(call, event), .status = event.status, .message = std::move(what)};
}

core::HttpCall json_call(std::string method, std::string target, std::string body) {
  core::HttpCall call;
  call.method = std::move(method);
  call.target = std::move(target);
  if (!body.empty()) {
    call.headers.push_back({"Content-Type", "application/json"});
    call.body.emplace_back(std::move(body));
  }
  return call;
}

}  // namespace batchd::proto
