#include "emulator/jobs/line_faults.h"

#include <algorithm>

#include "emulator/dialect/answers.h"
#include "emulator/dialect/errors.h"
#include "proto/json/write.h"

namespace batchd::emulator {
namespace {

struct Context {
  const Rule& rule;
  const InputLine& input;
  std::string_view model;
  std::string_view foreign_key;

  std::string answer() const { return response_json(input.prompt, model); }
  std::string error(bool as_status = false) const {
    const auto words = rule.message.empty() ? usual_message(500) : std::string_view(rule.message);
    return error_line(input, static_cast<int>(rule.code), words, as_status);
  }
};

using Lines = std::vector<std::string>;

std::string with_key(InputLine input, std::string_view key, std::string_view model) {
  input.has_key = true;
  input.key = key;
  return result_line(input, "response", response_json(input.prompt, model));
}

std::string without_key(InputLine input, std::string_view model) {
  input.has_key = false;
  return result_line(input, "response", response_json(input.prompt, model));
}

// Returns the line with one more member at its beginning.
std::string with_member(std::string line, std::string_view member) {
  return line.insert(1, std::string(member) + (line == "{}" ? "" : ","));
}

// Returns the line with one more member in its response.
void respond(const Context& c, Lines& lines, std::string_view member) {
  lines.front() = result_line(c.input, "response", with_member(c.answer(), member));
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (const auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

std::string json_string(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

void double_keyed(const Context& c, Lines& lines) {
  lines.front() = with_member(lines.front(), "\"key\":" + json_string(c.foreign_key));
}

void deepen(const Context& c, Lines& lines) {
  const auto depth = static_cast<std::size_t>(c.rule.count);
  respond(c, lines, "\"note\":" + std::string(depth, '[') + std::string(depth, ']'));
}

// An answer as of a model that was to write JSON, and wrote brackets and blanks until its tokens were used up.
void degenerate(const Context& c, Lines& lines) {
  const auto text = "{\"answer\":" + json_string(answer_text(c.input.prompt)) + ",\"items\":[" + std::string(200, '[') +
                    std::string(200, '\n');
  lines.front() = result_line(c.input, "response", streamed_json(c.input.prompt, c.model, text, true));
}

// An error of HTTP as text, behind the phrase that belongs to its code.
void embed_status(const Context& c, Lines& lines) {
  const auto status = static_cast<int>(c.rule.status);
  const auto words = c.rule.message.empty() ? usual_message(status) : std::string_view(c.rule.message);
  const auto text = std::string(reason_phrase(status)) + ": " + google_error(status, words).body;
  lines.front() = result_line(c.input, "status", json_string(text));
}

struct LineFault {
  Do action;
  Billed billed;
  Delivered delivered;
  void (*apply)(const Context& c, Lines& lines);
};

constexpr auto kBilled = Billed::billed;
constexpr auto kWithheld = Billed::withheld;
constexpr auto kAnswered = Delivered::response;
constexpr auto kDamaged = Delivered::damaged;

constexpr LineFault kLineFaults[] = {
    {Do::missing, kWithheld, Delivered::nothing, [](const Context&, Lines& l) { l.clear(); }},
    {Do::duplicate, kBilled, kAnswered, [](const Context&, Lines& l) { l.push_back(l.front()); }},
    {Do::duplicate_other, kBilled, kAnswered,
     [](const Context& c, Lines& l) {
       l.push_back(result_line(c.input, "response", with_member(c.answer(), "\"note\":\"the second of two\"")));
     }},
    {Do::error_first, kBilled, kAnswered, [](const Context& c, Lines& l) { l.insert(l.begin(), c.error()); }},
    {Do::foreign, kBilled, kAnswered,
     [](const Context& c, Lines& l) {
       l.push_back(with_key(c.input, "nobody-" + c.input.prompt.sha256().substr(0, 12), c.model));
     }},
    {Do::swap_foreign_batch, kBilled, kAnswered,
     [](const Context& c, Lines& l) { l.push_back(with_key(c.input, c.foreign_key, c.model)); }},
    {Do::no_key, kWithheld, kDamaged, [](const Context& c, Lines& l) { l.front() = without_key(c.input, c.model); }},
    {Do::key_number, kWithheld, kDamaged,
     [](const Context& c, Lines& l) { l.front() = with_member(without_key(c.input, c.model), "\"key\":17"); }},
    {Do::key_twice, kWithheld, kDamaged, double_keyed},
    {Do::garbage, kWithheld, kDamaged, [](const Context&, Lines& l) { l.front().resize(l.front().size() / 2); }},
    {Do::empty, kWithheld, kDamaged, [](const Context&, Lines& l) { l.front().clear(); }},
    {Do::blank_before, kBilled, kAnswered, [](const Context&, Lines& l) { l.insert(l.begin(), " \t"); }},
    {Do::not_object, kWithheld, kDamaged, [](const Context&, Lines& l) { l.front() = "[" + l.front() + "]"; }},
    {Do::bom, kWithheld, kDamaged, [](const Context&, Lines& l) { l.front().insert(0, "\xEF\xBB\xBF"); }},
    {Do::crlf, kBilled, kAnswered, [](const Context&, Lines& l) { l.front() += '\r'; }},
    {Do::nul, kWithheld, kDamaged,
     [](const Context& c, Lines& l) { respond(c, l, std::string_view("\"note\":\"a\0b\"", 12)); }},
    {Do::lone_surrogate, kWithheld, kDamaged, [](const Context& c, Lines& l) { respond(c, l, R"("note":"\ud800")"); }},
    {Do::invalid_utf8, kWithheld, kDamaged, [](const Context& c, Lines& l) { respond(c, l, "\"note\":\"\xC3\x28\""); }},
    {Do::raw_u2028, kBilled, kAnswered,
     [](const Context& c, Lines& l) {
       respond(c, l,
               "\"note\":\"a\xE2\x80\xA8"
               "b\xE2\x80\xA9"
               "c\xC2\x85\"");
     }},
    {Do::deep, kWithheld, kDamaged, deepen},
    {Do::huge_number, kWithheld, kDamaged, [](const Context& c, Lines& l) { respond(c, l, "\"note\":1e400"); }},
    {Do::tiny_number, kWithheld, kDamaged,
     [](const Context& c, Lines& l) { respond(c, l, "\"note\":1e-99999999999999999999"); }},
    {Do::minus_zero, kWithheld, kDamaged, [](const Context& c, Lines& l) { respond(c, l, "\"note\":-0"); }},
    {Do::long_line, kBilled, kAnswered,
     [](const Context& c, Lines& l) {
       respond(c, l, "\"note\":\"" + std::string(static_cast<std::size_t>(c.rule.bytes), 'x') + "\"");
     }},
    {Do::both, kWithheld, kDamaged,
     [](const Context& c, Lines& l) { l.front() = with_member(c.error(), "\"response\":" + c.answer()); }},
    {Do::neither, kWithheld, kDamaged,
     [](const Context& c, Lines& l) { l.front() = result_line(c.input, "note", "\"neither\""); }},
    {Do::empty_response, kWithheld, kDamaged,
     [](const Context& c, Lines& l) { l.front() = result_line(c.input, "response", "{}"); }},
    {Do::extra_members, kBilled, kAnswered,
     [](const Context& c, Lines& l) {
       // An item of an operation has metadata of its own.
       const auto* metadata = c.input.form.inlined ? "" : R"("metadata":{"key":"other"},)";
       l.front() =
           with_member(l.front(), R"("processedTime":"2026-01-06T11:09:11Z",)" + std::string(metadata) + R"("n":[1])");
     }},
    {Do::error, Billed::not_billed, Delivered::error,
     [](const Context& c, Lines& l) { l.front() = c.error(c.rule.as_status); }},
    {Do::status_text, Billed::not_billed, Delivered::error,
     [](const Context& c, Lines& l) {
       const auto& words = c.rule.message;
       l.front() = result_line(c.input, "status", json_string(words.empty() ? "Bad Request" : words));
     }},
    {Do::embedded_status, Billed::not_billed, Delivered::error, embed_status},
    {Do::degenerate_json, kBilled, kAnswered, degenerate},
    {Do::block, kBilled, kAnswered,
     [](const Context& c, Lines& l) {
       l.front() = result_line(c.input, "response", blocked_json(c.input.prompt, c.model));
     }},
    {Do::finish_reason, kBilled, kAnswered,
     [](const Context& c, Lines& l) { replace(l.front(), "\"STOP\"", json_string(c.rule.reason)); }},
};

}  // namespace

std::string error_line(const InputLine& input, int code, std::string_view message, bool as_status) {
  return result_line(input, as_status ? "status" : "error", status_json(code, message));
}

void damage(const Rule& fault, const InputLine& input, std::string_view model, std::string_view foreign_key,
            LineOutcome& outcome) {
  // The fault file's reader lets only faults of this table watch lines.
  const auto* found = std::ranges::find(kLineFaults, fault.action, &LineFault::action);
  found->apply({fault, input, model, foreign_key}, outcome.lines);
  outcome.billed = found->billed;
  outcome.delivered = found->delivered;
  outcome.success = found->delivered != Delivered::error;
}

}  // namespace batchd::emulator
