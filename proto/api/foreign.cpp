#include "proto/api/foreign.h"

#include <algorithm>
#include <array>

#include "proto/control_document.h"

namespace batchd::proto {
namespace {

constexpr std::size_t kNameBytesShown = 64;

constexpr std::string_view kOwnName = R"(call it "key", your own name for the request)",
                           kObject = R"(call it "request", the provider's request object)",
                           kWithin = R"(put the provider's request object into "request")",
                           kLeaveOut =
                               "leave it out: what is asked, and of which model, is said by \"model\" and "
                               "\"endpoint\"",
                           kForAll = "it is given once for all lines, as a parameter of the call";

struct Instead {
  std::string_view name;
  std::string_view in_call, in_line;  // empty: nothing is known
  bool foreign_line = false;          // see is_foreign_line_member()
};

constexpr std::array kInstead{
    // of other batch formats
    Instead{"custom_id", kOwnName, kOwnName, true},
    Instead{"id", kOwnName, kOwnName},
    Instead{"metadata", R"(call it "labels")", R"(put your own name for the request into "key": lines have no more)",
            true},
    Instead{"body", kObject, kObject, true},
    Instead{"params", kObject, kObject, true},
    Instead{"method", kLeaveOut, kLeaveOut, true},
    Instead{"url", kLeaveOut, kLeaveOut, true},
    // of the request object, one level too high
    Instead{"contents", kWithin, kWithin, true},
    Instead{"content", kWithin, kWithin, true},
    Instead{"messages", kWithin, kWithin, true},
    Instead{"input", kWithin, kWithin, true},
    Instead{"prompt", kWithin, kWithin, true},
    Instead{"generationConfig", kWithin, kWithin},
    Instead{"generation_config", kWithin, kWithin},
    Instead{"systemInstruction", kWithin, kWithin},
    Instead{"system_instruction", kWithin, kWithin},
    // of the other form
    Instead{"model", "", kForAll},
    Instead{"account", "", kForAll},
    Instead{"endpoint", "", kForAll},
    Instead{"channel", "", kForAll},
    Instead{"deadline", "", kForAll},
    Instead{"on_deadline", "", kForAll},
    Instead{"labels", "", "lines have none; \"key\" is their own name"},
    Instead{"group", "a group is the name of a file of requests, in lines", kForAll},
    Instead{"idempotency_key", "it is a header, Idempotency-Key", "the group and the line's number do what it does"},
};

// Members of requests of APIs whose endpoints have one of these words in their names.
constexpr std::array<std::string_view, 3> kChatMembers{"messages", "prompt", "input"};
constexpr std::array<std::string_view, 5> kChatEndpoints{"chat", "completion", "message", "response", "embeddings"};

const Instead* find_instead(std::string_view name) {
  const auto found = std::ranges::find(kInstead, name, &Instead::name);
  return found == kInstead.end() ? nullptr : &*found;
}

}  // namespace

std::string_view instead_of_member(std::string_view name, MemberOf where) {
  const auto* found = find_instead(name);
  return found == nullptr ? std::string_view() : where == MemberOf::line ? found->in_line : found->in_call;
}

std::string unknown_member_words(std::string_view name, MemberOf where) {
  auto words = "there is no member \"" + bounded_text(name, kNameBytesShown) + "\" in a " +
               (where == MemberOf::line ? "line" : "request");
  if (const auto instead = instead_of_member(name, where); !instead.empty()) words.append(": ").append(instead);
  return words;
}

bool is_foreign_line_member(std::string_view name) {
  const auto* found = find_instead(name);
  return found != nullptr && found->foreign_line;
}

std::string_view foreign_request_member(const std::vector<std::string>& members, std::string_view endpoint) {
  const auto in_endpoint = [endpoint](std::string_view word) { return endpoint.find(word) != std::string_view::npos; };
  if (std::ranges::any_of(kChatEndpoints, in_endpoint)) return {};
  const auto found = std::ranges::find_first_of(members, kChatMembers);
  return found == members.end() ? std::string_view() : std::string_view(*found);
}

}  // namespace batchd::proto
