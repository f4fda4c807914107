#include "emulator/faults/fault_table.h"

#include <algorithm>
#include <stdexcept>

namespace batchd::emulator {
namespace {

constexpr On kAllOn[] = {On::any,          On::create,    On::generate,    On::upload_start, On::upload_chunk,
                         On::upload_query, On::get,       On::list,        On::cancel,       On::batch_delete,
                         On::file_get,     On::file_list, On::file_delete, On::download,     On::models,
                         On::connection,   On::line,      On::job};

constexpr std::string_view kOperations = "create get list";
constexpr std::string_view kFiles = "upload_chunk file_get";
constexpr std::string_view kNamed = "create get list upload_chunk file_get";
constexpr std::string_view kFileUsers = "create file_get file_delete download upload_chunk upload_query";
constexpr std::string_view kRefusal = R"({"status":503,"body":null,"error":null,"retry_after":null,"effect":false})";
constexpr std::string_view kRefusalAfter = R"({"status":503,"body":null,"error":null,"retry_after":null})";
constexpr std::string_view kCutting = R"({"bytes":null,"lines":null,"mid_line":false,"head_bytes":null})";

constexpr FaultKind kFaults[] = {
    // How far the request gets, and whether it has its effect.
    {Do::status, "status", Kind::call, "", kRefusal, "status"},
    {Do::status_after, "status_after", Kind::call, "", kRefusalAfter, "status"},
    {Do::invalid_key, "invalid_key", Kind::call, "", "{}", ""},
    {Do::quota, "quota", Kind::call, "", R"({"retry_after":null,"retry_info":null})", ""},
    {Do::reset_before, "reset_before", Kind::call, "", "{}", ""},
    {Do::reset_in_request, "reset_in_request", Kind::call, "", R"({"bytes":1})", ""},
    {Do::withhold_before, "withhold_before", Kind::call, "", R"({"seconds":60})", ""},
    {Do::reset_after, "reset_after", Kind::call, "", "{}", ""},
    {Do::close_after, "close_after", Kind::call, "", "{}", ""},
    {Do::withhold, "withhold", Kind::call, "", R"({"seconds":60})", ""},
    {Do::late_effect, "late_effect", Kind::call, "", R"({"ms":1000,"seconds":0})", ""},
    {Do::execute_twice, "execute_twice", Kind::call, "", "{}", ""},
    {Do::delay, "delay", Kind::call, "", R"({"ms":1000})", ""},
    {Do::lose_file, "lose_file", Kind::call, kFileUsers, "{}", ""},
    {Do::processing, "processing", Kind::call, "upload_chunk", R"({"seconds":3,"fails":false})", ""},
    // Another answer.
    {Do::html, "html", Kind::call, "", R"({"status":502,"effect":false})", ""},
    {Do::error_in_200, "error_in_200", Kind::call, "", R"({"status":500,"message":"","effect":false})", ""},
    {Do::empty_body, "empty_body", Kind::call, "", R"({"status":200,"effect":false})", ""},
    {Do::redirect, "redirect", Kind::call, "", R"({"status":302,"to":"http://other.invalid","effect":false})", ""},
    // The true answer with something changed in it.
    {Do::set, "set", Kind::call, "", R"({"path":"name","value":17})", "path value"},
    {Do::unset, "unset", Kind::call, "", R"({"path":"name"})", "path"},
    {Do::header, "header", Kind::call, "", R"({"name":"Retry-After","text":"1000000000"})", "name text"},
    {Do::unknown_state, "unknown_state", Kind::call, kOperations, "{}", ""},
    {Do::job_state_prefix, "job_state_prefix", Kind::call, kOperations, "{}", ""},
    {Do::done_without_state, "done_without_state", Kind::call, kOperations, "{}", ""},
    {Do::huge_counts, "huge_counts", Kind::call, kOperations, "{}", ""},
    {Do::number_counts, "number_counts", Kind::call, kOperations, "{}", ""},
    {Do::name_elsewhere, "name_elsewhere", Kind::call, kNamed, "{}", ""},
    {Do::name_dotdot, "name_dotdot", Kind::call, kNamed, "{}", ""},
    {Do::name_crlf, "name_crlf", Kind::call, kNamed, "{}", ""},
    {Do::name_long, "name_long", Kind::call, kNamed, "{}", ""},
    {Do::output_elsewhere, "output_elsewhere", Kind::call, kOperations, "{}", ""},
    {Do::output_dotdot, "output_dotdot", Kind::call, kOperations, "{}", ""},
    {Do::output_crlf, "output_crlf", Kind::call, kOperations, "{}", ""},
    {Do::output_long, "output_long", Kind::call, kOperations, "{}", ""},
    {Do::upload_url_elsewhere, "upload_url_elsewhere", Kind::call, "upload_start", R"({"to":"http://other.invalid"})",
     ""},
    {Do::wrong_hash, "wrong_hash", Kind::call, kFiles, "{}", ""},
    {Do::wrong_size, "wrong_size", Kind::call, kFiles, "{}", ""},
    {Do::empty_page, "empty_page", Kind::call, "list", "{}", ""},
    {Do::shuffle_page, "shuffle_page", Kind::call, "list", "{}", ""},
    {Do::repeat_rows, "repeat_rows", Kind::call, "list", "{}", ""},
    {Do::no_tokens, "no_tokens", Kind::call, kOperations, "{}", ""},
    // The true answer, sent wrongly.
    {Do::truncate, "truncate", Kind::call, "download", "{}", ""},
    {Do::cut, "cut", Kind::call, "", kCutting, ""},
    {Do::shorten, "shorten", Kind::call, "", R"({"bytes":null,"lines":null,"mid_line":false})", ""},
    {Do::stall, "stall", Kind::call, "", R"({"bytes":null,"lines":null,"mid_line":false,"seconds":60})", ""},
    {Do::trickle, "trickle", Kind::call, "", R"({"bytes":16,"ms":20})", ""},
    {Do::wrong_length, "wrong_length", Kind::call, "", R"({"by":10})", ""},
    {Do::duplicate_length, "duplicate_length", Kind::call, "", R"({"by":10})", ""},
    {Do::length_and_chunks, "length_and_chunks", Kind::call, "", "{}", ""},
    {Do::chunked, "chunked", Kind::call, "", "{}", ""},
    {Do::bad_chunk, "bad_chunk", Kind::call, "", "{}", ""},
    {Do::endless, "endless", Kind::call, "", R"({"bytes":67108864})", ""},
    {Do::gzip_bomb, "gzip_bomb", Kind::call, "", R"({"bytes":1048576})", ""},
    {Do::info_flood, "info_flood", Kind::call, "", R"({"count":1000,"status":102})", ""},
    {Do::big_headers, "big_headers", Kind::call, "", R"({"bytes":65536,"count":1})", ""},
    {Do::bad_header, "bad_header", Kind::call, "", "{}", ""},
    {Do::bad_status_line, "bad_status_line", Kind::call, "", "{}", ""},
    {Do::not_http, "not_http", Kind::call, "", R"({"text":"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"})", ""},
    {Do::http09, "http09", Kind::call, "", "{}", ""},
    {Do::extra_answer, "extra_answer", Kind::call, "", "{}", ""},
    {Do::close_after_answer, "close_after_answer", Kind::call, "", "{}", ""},
    // Connections.
    {Do::refuse, "refuse", Kind::connection, "", "{}", ""},
    {Do::mute, "mute", Kind::connection, "", R"({"seconds":60})", ""},
    // Lines.
    {Do::missing, "missing", Kind::line, "", "{}", ""},
    {Do::duplicate, "duplicate", Kind::line, "", "{}", ""},
    {Do::duplicate_other, "duplicate_other", Kind::line, "", "{}", ""},
    {Do::error_first, "error_first", Kind::line, "", R"({"code":13,"message":""})", ""},
    {Do::foreign, "foreign", Kind::line, "", "{}", ""},
    {Do::swap_foreign_batch, "swap_foreign_batch", Kind::line, "", "{}", ""},
    {Do::no_key, "no_key", Kind::line, "", "{}", ""},
    {Do::key_number, "key_number", Kind::line, "", "{}", ""},
    {Do::key_twice, "key_twice", Kind::line, "", "{}", ""},
    {Do::garbage, "garbage", Kind::line, "", "{}", ""},
    {Do::empty, "empty", Kind::line, "", "{}", ""},
    {Do::blank_before, "blank_before", Kind::line, "", "{}", ""},
    {Do::not_object, "not_object", Kind::line, "", "{}", ""},
    {Do::bom, "bom", Kind::line, "", "{}", ""},
    {Do::crlf, "crlf", Kind::line, "", "{}", ""},
    {Do::nul, "nul", Kind::line, "", "{}", ""},
    {Do::lone_surrogate, "lone_surrogate", Kind::line, "", "{}", ""},
    {Do::invalid_utf8, "invalid_utf8", Kind::line, "", "{}", ""},
    {Do::raw_u2028, "raw_u2028", Kind::line, "", "{}", ""},
    {Do::deep, "deep", Kind::line, "", R"({"count":1000000})", ""},
    {Do::huge_number, "huge_number", Kind::line, "", "{}", ""},
    {Do::tiny_number, "tiny_number", Kind::line, "", "{}", ""},
    {Do::minus_zero, "minus_zero", Kind::line, "", "{}", ""},
    {Do::long_line, "long_line", Kind::line, "", R"({"bytes":1048576})", ""},
    {Do::both, "both", Kind::line, "", R"({"code":13,"message":""})", ""},
    {Do::neither, "neither", Kind::line, "", "{}", ""},
    {Do::empty_response, "empty_response", Kind::line, "", "{}", ""},
    {Do::extra_members, "extra_members", Kind::line, "", "{}", ""},
    {Do::error, "error", Kind::line, "", R"({"code":13,"message":"","as_status":false})", ""},
    {Do::status_text, "status_text", Kind::line, "", R"({"message":""})", ""},
    {Do::embedded_status, "embedded_status", Kind::line, "", R"({"status":400,"message":""})", ""},
    {Do::degenerate_json, "degenerate_json", Kind::line, "", "{}", ""},
    {Do::block, "block", Kind::line, "", "{}", ""},
    {Do::finish_reason, "finish_reason", Kind::line, "", R"({"reason":"MAX_TOKENS"})", ""},
    // Jobs.
    {Do::shuffle, "shuffle", Kind::job, "", "{}", ""},
    {Do::swap_answers, "swap_answers", Kind::job, "", R"({"share":0.5})", ""},
    {Do::expire, "expire", Kind::job, "", R"({"executed":0})", ""},
    {Do::fail, "fail", Kind::job, "", R"({"code":13,"message":"","silent":false,"executed":0})", ""},
    {Do::cancel_itself, "cancel_itself", Kind::job, "", R"({"executed":0})", ""},
    {Do::cancel_partly, "cancel_partly", Kind::job, "", R"({"executed":0.5})", ""},
    {Do::ignore_cancel, "ignore_cancel", Kind::job, "", "{}", ""},
    {Do::stuck, "stuck", Kind::job, "", "{}", ""},
    {Do::stuck_pending, "stuck_pending", Kind::job, "", "{}", ""},
    {Do::slow, "slow", Kind::job, "", R"({"seconds":10})", ""},
    {Do::lose_input, "lose_input", Kind::job, "", "{}", ""},
    {Do::succeed_without_output_polls, "succeed_without_output_polls", Kind::job, "", R"({"polls":2})", ""},
    {Do::no_output, "no_output", Kind::job, "", "{}", ""},
    {Do::output_lost, "output_lost", Kind::job, "", "{}", ""},
    {Do::empty_output, "empty_output", Kind::job, "", "{}", ""},
    {Do::list_lag, "list_lag", Kind::job, "", R"({"ms":1000,"lists":0,"get_too":false})", ""},
    {Do::get_lag, "get_lag", Kind::job, "", R"({"ms":1000,"polls":0})", ""},
    {Do::stale_list, "stale_list", Kind::job, "", "{}", ""},
};

// Writes a complete rule; details without a default (null) are left out.
std::string example(const FaultKind& fault, On on) {
  std::string rule = R"({"on":")" + std::string(on_text(on)) + R"(","do":")" + std::string(fault.name) + "\"";
  std::string_view rest = fault.members.substr(1, fault.members.size() - 2);
  while (!rest.empty()) {
    auto end = rest.find(",\"");
    const auto member = rest.substr(0, end);
    if (!member.ends_with(":null")) rule += "," + std::string(member);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return rule + "}";
}

}  // namespace

Kind kind_of(On on) {
  if (on == On::connection) return Kind::connection;
  if (on == On::line) return Kind::line;
  return on == On::job ? Kind::job : Kind::call;
}

std::span<const FaultKind> fault_kinds() { return kFaults; }

std::span<const On> all_on() { return kAllOn; }

const FaultKind& fault_kind(Do action) {
  const auto found = std::ranges::find(kFaults, action, &FaultKind::action);
  if (found == std::end(kFaults)) throw std::logic_error("a fault that has no row in the table");
  return *found;
}

std::string_view do_text(Do action) { return fault_kind(action).name; }

bool applies(const FaultKind& fault, On on) {
  if (fault.kind != kind_of(on)) return false;
  if (fault.only.empty()) return true;
  const auto names = " " + std::string(fault.only) + " ";
  return names.find(" " + std::string(on_text(on)) + " ") != std::string::npos;
}

std::string fault_list() {
  std::string out;
  for (const auto& fault : kFaults) {
    for (const On on : kAllOn) {
      if (!applies(fault, on)) continue;
      out += std::string(on_text(on)) + '\t' + std::string(fault.name) + '\t' + example(fault, on) + '\n';
    }
  }
  return out;
}

}  // namespace batchd::emulator
