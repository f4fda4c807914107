#include "emulator/gemini/router.h"

namespace batchd::emulator {
namespace {

// Takes "segment/" off the front of the path.
bool take(std::string_view& path, std::string_view segment) {
  if (!path.starts_with(segment)) return false;
  const auto rest = path.substr(segment.size());
  if (!rest.empty() && rest.front() != '/') return false;
  path = rest.empty() ? rest : rest.substr(1);
  return true;
}

bool has_command(std::string_view commands, std::string_view wanted) {
  while (!commands.empty()) {
    const auto end = commands.find(',');
    auto command = commands.substr(0, end);
    while (command.starts_with(' ')) command.remove_prefix(1);
    while (command.ends_with(' ')) command.remove_suffix(1);
    if (command == wanted) return true;
    if (end == std::string_view::npos) return false;
    commands.remove_prefix(end + 1);
  }
  return false;
}

Call upload_call(const Request& request) {
  const auto command = request.header("x-goog-upload-command");
  const bool whole = has_command(command, "start") && has_command(command, "finalize");
  if (whole) return Call::upload_whole;
  if (request.parameter("upload_id").empty()) return Call::upload_start;
  if (has_command(command, "query")) return Call::upload_query;
  if (has_command(command, "cancel")) return Call::upload_cancel;
  return Call::upload_chunk;
}

Call file_call(const Request& request, const Route& route) {
  if (route.resource.empty()) return request.method == "GET" ? Call::file_list : Call::unknown;
  if (request.method == "GET" && route.method == "download") return Call::download;
  if (!route.method.empty()) return Call::unknown;
  if (request.method == "GET") return Call::file_get;
  return request.method == "DELETE" ? Call::file_delete : Call::unknown;
}

Call batch_call(const Request& request, const Route& route) {
  if (route.resource.empty()) return request.method == "GET" ? Call::batch_list : Call::unknown;
  if (request.method == "POST" && route.method == "cancel") return Call::batch_cancel;
  if (!route.method.empty()) return Call::unknown;
  if (request.method == "GET") return Call::batch_get;
  return request.method == "DELETE" ? Call::batch_delete : Call::unknown;
}

Call model_call(const Request& request, const Route& route) {
  if (request.method == "GET" && route.method.empty()) {
    return route.resource.empty() ? Call::model_list : Call::model_get;
  }
  if (request.method != "POST") return Call::unknown;
  if (route.method == "batchGenerateContent" || route.method == "asyncBatchEmbedContent") return Call::create;
  if (route.method == "generateContent") return Call::generate;
  if (route.method == "streamGenerateContent") return Call::generate_stream;
  if (route.method == "embedContent") return Call::embed;
  if (route.method == "batchEmbedContents") return Call::embed_many;
  return route.method == "countTokens" ? Call::count_tokens : Call::unknown;
}

Call cache_call(const Request& request, const Route& route) {
  if (!route.method.empty()) return Call::unknown;
  if (route.resource.empty()) {
    if (request.method == "POST") return Call::cache_create;
    return request.method == "GET" ? Call::cache_list : Call::unknown;
  }
  if (request.method == "GET") return Call::cache_get;
  return request.method == "DELETE" ? Call::cache_delete : Call::unknown;
}

// The emulator's own, outside of all versions.
Call own_call(const Request& request) {
  const bool posts = request.method == "POST";
  if (request.path == "/emulator/faults" && posts) return Call::set_faults;
  if (request.path == "/emulator/switches" && posts) return Call::set_switches;
  if (request.path == "/emulator/switches" && request.method == "GET") return Call::get_switches;
  return Call::unknown;
}

}  // namespace

Route route(const Request& request) {
  Route out;
  std::string_view path = request.path;
  if (path.starts_with("/emulator/")) {
    out.call = own_call(request);
    return out;
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  const bool upload = take(path, "upload");
  const bool download = !upload && take(path, "download");
  for (const std::string_view version : {"v1beta", "v1alpha", "v1"}) {
    if (!take(path, version)) continue;
    out.version = version;
    break;
  }
  if (out.version.empty()) return out;
  const auto kind = path.substr(0, path.find('/'));
  take(path, kind);
  const auto colon = path.rfind(':');
  out.resource = path.substr(0, colon);
  if (colon != std::string_view::npos) out.method = path.substr(colon + 1);
  if (kind == "files" && upload) {
    const bool writes = request.method == "POST" || request.method == "PUT";
    out.call = out.resource.empty() && writes ? upload_call(request) : Call::unknown;
  } else if (kind == "files") {
    out.call = file_call(request, out);
  } else if (upload || download) {
    out.call = Call::unknown;
  } else if (kind == "batches") {
    out.call = batch_call(request, out);
  } else if (kind == "models") {
    out.call = model_call(request, out);
  } else if (kind == "cachedContents") {
    out.call = cache_call(request, out);
  }
  if (download && out.call != Call::download) out.call = Call::unknown;
  return out;
}

On watched_as(Call call) {
  switch (call) {
    case Call::upload_start:
    case Call::upload_whole:
      return On::upload_start;
    case Call::upload_chunk:
      return On::upload_chunk;
    case Call::upload_query:
      return On::upload_query;
    case Call::file_get:
      return On::file_get;
    case Call::file_list:
      return On::file_list;
    case Call::file_delete:
      return On::file_delete;
    case Call::download:
      return On::download;
    case Call::create:
      return On::create;
    case Call::generate:
    case Call::generate_stream:
    case Call::embed:
    case Call::embed_many:
      return On::generate;
    case Call::batch_get:
      return On::get;
    case Call::batch_list:
      return On::list;
    case Call::batch_cancel:
      return On::cancel;
    case Call::batch_delete:
      return On::batch_delete;
    case Call::model_get:
    case Call::model_list:
      return On::models;
    case Call::cache_create:
    case Call::cache_get:
    case Call::cache_list:
    case Call::cache_delete:
    case Call::count_tokens:
    case Call::upload_cancel:
    case Call::set_faults:
    case Call::set_switches:
    case Call::get_switches:
    case Call::unknown:
      return On::any;
  }
  return On::any;
}

}  // namespace batchd::emulator
