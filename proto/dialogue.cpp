#include "proto/dialogue.h"

namespace batchd::proto {

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
