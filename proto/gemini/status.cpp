#include "proto/gemini/status.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/limits.h"

namespace batchd::proto {
namespace {

using core::ErrorClass;

// A google.rpc.Code. Its number is its place in the table.
struct RpcCode {
  std::string_view name;
  ErrorClass kind;
};
constexpr std::array<RpcCode, 17> kRpcCodes{{{"OK", ErrorClass::other},
                                             {"CANCELLED", ErrorClass::cancelled},
                                             {"UNKNOWN", ErrorClass::other},
                                             {"INVALID_ARGUMENT", ErrorClass::invalid},
                                             {"DEADLINE_EXCEEDED", ErrorClass::expired},
                                             {"NOT_FOUND", ErrorClass::not_found},
                                             {"ALREADY_EXISTS", ErrorClass::other},
                                             {"PERMISSION_DENIED", ErrorClass::denied},
                                             {"RESOURCE_EXHAUSTED", ErrorClass::exhausted},
                                             {"FAILED_PRECONDITION", ErrorClass::invalid},
                                             {"ABORTED", ErrorClass::other},
                                             {"OUT_OF_RANGE", ErrorClass::invalid},
                                             {"UNIMPLEMENTED", ErrorClass::invalid},
                                             {"INTERNAL", ErrorClass::internal},
                                             {"UNAVAILABLE", ErrorClass::unavailable},
                                             {"DATA_LOSS", ErrorClass::data_lost},
                                             {"UNAUTHENTICATED", ErrorClass::denied}}};
constexpr int kUnknown = 2;
constexpr int kInvalidRequest = 3;

// HTTP statuses of errors, and the google.rpc.Code that each mostly stands for.
constexpr int kHttpRefusal = 400, kHttpLast = 599;
struct HttpCode {
  int http, code;
};
constexpr std::array<HttpCode, 9> kHttpCodes{
    {{401, 16}, {403, 7}, {404, 5}, {409, 10}, {429, 8}, {499, 1}, {500, 13}, {503, 14}, {504, 4}}};

// Returns null if `code` is no google.rpc.Code.
const RpcCode* rpc_code(int code) {
  if (code < 0 || static_cast<std::size_t>(code) >= kRpcCodes.size()) return nullptr;
  return &kRpcCodes[static_cast<std::size_t>(code)];
}

}  // namespace

RpcStatus read_status(const JsonValue& status) {
  const auto code = integer_member(&status, "code").value_or(0);
  const bool possible = code > 0 && code <= std::numeric_limits<int>::max();
  RpcStatus read{.code = possible ? static_cast<int>(code) : 0,
                 .message = bounded_text(text_member(&status, "message"), core::kProviderMessageBytesMax)};
  if (read.code < kHttpRefusal || read.code > kHttpLast) return read;
  read.http_status = read.code;
  const int named = grpc_code(text_member(&status, "status"));
  const auto found = std::ranges::find(kHttpCodes, read.http_status, &HttpCode::http);
  const int usual = found != kHttpCodes.end() ? found->code : read.http_status < 500 ? kInvalidRequest : kUnknown;
  read.code = named != 0 ? named : usual;
  return read;
}

std::optional<RpcStatus> embedded_status(std::string_view text) {
  const auto begin = text.find('{');
  if (begin == std::string_view::npos) return std::nullopt;
  const auto document = ControlDocument::parse(text.substr(begin));
  const auto* error = document ? object_member(&document->root(), "error") : nullptr;
  if (error == nullptr) return std::nullopt;
  auto status = read_status(*error);
  if (status.code == 0) return std::nullopt;
  return status;
}

std::string_view grpc_status(int code) {
  const auto* found = rpc_code(code);
  return found == nullptr ? kRpcCodes[kUnknown].name : found->name;
}

int grpc_code(std::string_view status) {
  const auto found = std::ranges::find(kRpcCodes, status, &RpcCode::name);
  return found == kRpcCodes.end() ? 0 : static_cast<int>(found - kRpcCodes.begin());
}

int grpc_code(ErrorClass kind) { return core::own_error(kind, "").code; }

ErrorClass error_class(int code) {
  const auto* found = rpc_code(code);
  return found == nullptr ? ErrorClass::other : found->kind;
}

core::RequestError rpc_error(int code, std::string_view message, std::string_view value) {
  return {.kind = error_class(code),
          .code = code,
          .status = std::string(grpc_status(code)),
          .message = bounded_text(message, core::kProviderMessageBytesMax),
          .body = std::string(value.size() <= core::kProviderErrorBytesMax ? value : std::string_view()),
          .source = core::ErrorSource::provider};
}

}  // namespace batchd::proto
