#include "proto/api/bulk.h"

#include <algorithm>

#include "core/limits.h"
#include "proto/json/digest.h"
#include "proto/json/write.h"

namespace batchd::proto {
namespace {

void append_counts(json::Writer& w, const BulkReport& report) {
  const auto count = [&w](std::string_view name, std::int64_t value) {
    w.key(name);
    w.number(value);
  };
  count("lines", report.lines);
  count("accepted", report.accepted);
  count("known", report.known);
  count("refused", report.refused);
}

void append_report(json::Writer& w, const BulkReport& report) {
  w.key("group");
  w.string(report.group);
  w.key("channel");
  w.string(report.channel);
  append_counts(w, report);
  w.key("errors");
  w.begin_array();
  for (const auto& error : report.errors) {
    w.begin_object();
    w.key("line");
    w.number(error.line);
    w.key("code");
    w.string(error.code);
    w.key("detail");
    w.string(error.detail);
    w.end_object();
  }
  w.end_array();
}

}  // namespace

std::string line_digest(const Submission& submission, std::string_view deadline, std::string_view request_digest) {
  json::Sha256 digest;
  // Each part has its length before it, so that no two lists of parts give the same bytes.
  const std::string_view on_deadline = submission.fail_at_deadline.value_or(false) ? "fail" : "keep";
  for (const std::string_view part : {std::string_view(submission.account), std::string_view(submission.endpoint),
                                      std::string_view(submission.model), std::string_view(submission.channel),
                                      std::string_view(submission.key), deadline, on_deadline, request_digest}) {
    digest.update(std::to_string(part.size()) + ':');
    digest.update(part);
  }
  return digest.finish();
}

void BulkReport::refuse(LineFault fault) {
  ++refused;
  // Sorted in, since what the store refuses is known later than the faults of the lines after it.
  const auto place = std::ranges::upper_bound(errors, fault.line, {}, &LineFault::line);
  errors.insert(place, std::move(fault));
  if (errors.size() > core::kLineFaultsShown) errors.pop_back();
}

std::string bulk_members(const BulkReport& report) {
  std::string members;
  json::Writer w(members);
  append_report(w, report);
  return members;
}

std::string bulk_counts(const BulkReport& report) {
  std::string members;
  json::Writer w(members);
  append_counts(w, report);
  return members;
}

std::string bulk_json(const BulkReport& report) { return '{' + bulk_members(report) + "}\n"; }

}  // namespace batchd::proto
