#include "emulator/gemini/file_api.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "emulator/dialect/errors.h"
#include "emulator/dialect/pages.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kIdMax = 40;  // characters that a call on a file takes; those of result files are longer

Response too_long(const std::string& call) {
  return google_error(400,
                      "* " + call + ".name: File ID (name excluding 'files/') cannot be more than 40 characters.\n");
}

std::string address(const Request& request) { return "http://" + std::string(request.header("host")); }

// Reads "bytes=N-" only, which is what a client sends to get the rest of a file.
std::optional<std::uint64_t> first_wanted(std::string_view range) {
  constexpr std::string_view kBytes = "bytes=";
  if (!range.starts_with(kBytes) || !range.ends_with('-')) return std::nullopt;
  range = range.substr(kBytes.size(), range.size() - kBytes.size() - 1);
  std::uint64_t first = 0;
  const auto [end, error] = std::from_chars(range.data(), range.data() + range.size(), first);
  if (error != std::errc() || end != range.data() + range.size()) return std::nullopt;
  return first;
}

std::shared_ptr<const Blob> rest_of(const Blob& blob, std::uint64_t first) {
  auto out = std::make_shared<Blob>();
  std::string piece(256 << 10, '\0');
  for (auto at = first; at < blob.size();) {
    const auto got = blob.read(at, piece);
    out->append(std::string_view(piece).substr(0, got));
    at += got;
  }
  return out;
}

void cut_to_range(Response& response, std::uint64_t first) {
  const auto size = response.blob->size();
  if (first >= size) {
    response = plain_text(416, "Requested range not satisfiable.\n");
    response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return;
  }
  response.status = 206;
  response.headers.emplace_back(
      "Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(size - 1) + "/" + std::to_string(size));
  response.blob = rest_of(*response.blob, first);
}

}  // namespace

Response FileApi::unknown(const Route& route, const std::string& project) const {
  if (files_.went_with_batch(project, route.resource)) return no_such_entity();
  return no_such_file(route.resource);
}

Response FileApi::list(const Request& request, const Route& route, const std::string& project) {
  const auto page = page_request(request, page_sizes(switches_));
  if (!page) return google_error(400, usual_message(400));
  const auto files = files_.page(project, page->before, page->size);
  if (files.empty()) return json_text(200, "{}");
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("files");
  w.begin_array();
  const auto given = std::min(files.size(), page->size);
  for (std::size_t i = 0; i < given; ++i) w.raw(file_json(*files[i], address(request), route.version));
  w.end_array();
  if (files.size() > given) {
    w.key("nextPageToken");
    w.string(page_token(files[given - 1]->sequence));
  }
  w.end_object();
  return json_text(200, std::move(out));
}

Response FileApi::get(const Request& request, const Route& route, const std::string& project) {
  if (route.resource.size() > kIdMax && switches_.is(Switch::result_file_get, "400")) return too_long("GetFileRequest");
  const auto file = files_.find(project, route.resource);
  if (!file) return unknown(route, project);
  return json_text(200, file_json(*file, address(request), route.version));
}

Response FileApi::remove(const Route& route, const std::string& project) {
  // The provider does the same: names of its own result files are longer than DELETE accepts.
  if (route.resource.size() > kIdMax) return too_long("DeleteFileRequest");
  if (!files_.find(project, route.resource)) return no_such_file(route.resource);
  files_.remove(route.resource);
  ledger_.write("delete", {{"file", "files/" + route.resource}});
  return json_text(200, "{}");
}

Response FileApi::download(const Request& request, const Route& route, const std::string& project) {
  if (request.parameter("alt") != "media") return google_error(400, "Downloads need alt=media.");
  const auto file = files_.find(project, route.resource);
  if (!file) return unknown(route, project);
  if (!file->generated) return google_error(400, "Only generated files can be downloaded.");
  ledger_.write("download", {{"file", "files/" + file->id}},
                {{"bytes", static_cast<std::int64_t>(file->content->size())}});
  Response response;
  response.content_type = "application/octet-stream";
  response.blob = file->content;
  const auto first = first_wanted(request.header("range"));
  if (first && switches_.is(Switch::download_range, "honoured")) cut_to_range(response, *first);
  return response;
}

}  // namespace batchd::emulator
