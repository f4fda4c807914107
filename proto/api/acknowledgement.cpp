#include <set>

#include "core/limits.h"
#include "proto/api/submission.h"
#include "proto/control_document.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kIdsMax = core::kVerbRowsMax / 2;  // the most that one verb of the store accepts

SubmissionFault acknowledgement_fault(std::string code, std::string detail) {
  return {.status = 400, .code = std::move(code), .detail = std::move(detail)};
}

bool is_known(std::string_view member) { return member == "ids" || member == "up_to" || member == "channel"; }

std::optional<SubmissionFault> read_ids(const JsonValue& value, Acknowledgement& read) {
  const auto bad = [] {
    return acknowledgement_fault("bad_ids",
                                 "\"ids\" must be an array of 1 to " + std::to_string(kIdsMax) + " requests' ids");
  };
  if (!value.IsArray() || value.Empty() || value.Size() > kIdsMax) return bad();
  for (const auto& element : value.GetArray()) {
    if (!element.IsString()) return bad();
    const auto id = core::parse_id<core::RequestId>({element.GetString(), element.GetStringLength()});
    if (!id) return bad();
    read.ids.push_back(*id);
  }
  return std::nullopt;
}

std::optional<SubmissionFault> read_member(std::string_view name, const JsonValue& value, Acknowledgement& read) {
  const std::string_view text = value.IsString() ? std::string_view(value.GetString(), value.GetStringLength()) : "";
  if (name == "ids") return read_ids(value, read);
  if (name == "up_to") {
    read.up_to = parse_cursor(text);
    if (!read.up_to) return acknowledgement_fault("bad_cursor", "\"up_to\" must be the cursor of a result");
  } else if (name == "channel") {
    read.channel = text;
    if (!value.IsString() || (!text.empty() && !is_channel_name(text)))
      return acknowledgement_fault("bad_channel", "\"channel\" must be the name of a channel");
  } else {
    return acknowledgement_fault("unknown_member",
                                 "there is no member \"" + bounded_text(name, 64) + "\" in an acknowledgement");
  }
  return std::nullopt;
}

std::optional<SubmissionFault> read_all(std::string_view body, Acknowledgement& read) {
  const auto document = ControlDocument::parse(body);
  if (!document) return acknowledgement_fault("bad_json", "the body must be one JSON object");
  std::set<std::string_view> names, given;  // null is as good as absent
  for (const auto& member : document->root().GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (!names.insert(name).second)
      return acknowledgement_fault("duplicate_member", '"' + bounded_text(name, 64) + "\" is there twice");
    if (member.value.IsNull() && is_known(name)) continue;
    given.insert(name);
    if (auto fault = read_member(name, member.value, read)) return fault;
  }
  if (given.contains("ids") == given.contains("up_to"))
    return acknowledgement_fault("missing_member", "say what: either \"up_to\" or \"ids\"");
  if (given.contains("ids") && given.contains("channel"))
    return acknowledgement_fault("bad_channel", "\"channel\" goes with \"up_to\"");
  return std::nullopt;
}

}  // namespace

AcknowledgementRead parse_acknowledgement(std::string_view body) {
  Acknowledgement read;
  if (auto fault = read_all(body, read)) return {std::nullopt, std::move(*fault)};
  return {std::move(read), {}};
}

}  // namespace batchd::proto
