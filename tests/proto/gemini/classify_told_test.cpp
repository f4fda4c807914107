// What a refusal says of whom: named lines, the words for owners, how long to wait.
#include <gtest/gtest.h>

#include "proto/gemini/classify.h"
#include "proto/gemini/line_words.h"
#include "tests/proto/gemini/texts.h"

namespace batchd::proto {
namespace {

std::vector<std::int64_t> numbers_of(const core::Fault& fault) {
  std::vector<std::int64_t> numbers;
  for (const auto& refusal : fault.lines) numbers.push_back(refusal.line);
  return numbers;
}

TEST(ClassifyFault, CarriesLinesWordsAndStatus) {
  const auto lines = classify(CallKind::create, answer(400, kLines));
  ASSERT_EQ(numbers_of(lines), (std::vector<std::int64_t>{2, 5}));
  const auto& error = lines.lines[0].error;
  EXPECT_EQ(error.message, "invalid JSON: no such field: 'thinking_config'");
  EXPECT_EQ(error.body, "");  // it may quote another owner's request
  EXPECT_EQ(error.kind, core::ErrorClass::invalid);
  EXPECT_EQ(error.code, 3);
  EXPECT_EQ(error.status, "INVALID_ARGUMENT");
  EXPECT_EQ(error.http_status, 400);
  EXPECT_EQ(error.source, core::ErrorSource::provider);
  EXPECT_EQ(lines.status, 400);
  EXPECT_TRUE(lines.message.starts_with("Error on line 2"));  // for the log
  ASSERT_TRUE(lines.error);
  EXPECT_EQ(lines.error->message.find("line 2"), std::string::npos) << lines.error->message;
  EXPECT_EQ(classify(CallKind::create, no_answer()).message, "reset");
  EXPECT_EQ(classify(CallKind::create, no_answer()).status, 0);
  EXPECT_EQ(classify(CallKind::poll, answer(502, kHtml)).message, "HTTP 502, not in the provider's form");
}

TEST(ClassifyFault, EveryNamedLineOfALongMessageAndABoundedText) {
  std::string message;
  for (int line = 1; line <= 3000; ++line) message += "Error on line " + std::to_string(line) + ": no such field\\n";
  const auto fault = classify(CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", message)));
  ASSERT_EQ(fault.lines.size(), 3000U);
  EXPECT_EQ(fault.lines.back().line, 3000);
  EXPECT_LE(fault.message.size(), 2000U);
}

TEST(ClassifyFault, OddLineNumbers) {
  const auto lines_of = [](const std::string& message) {
    return numbers_of(classify(CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", message))));
  };
  EXPECT_TRUE(lines_of("Error on line : x").empty());
  EXPECT_TRUE(lines_of("Error on line -3: x").empty());
  EXPECT_TRUE(lines_of("Error on line 0: x").empty());
  EXPECT_TRUE(lines_of("Error on line 99999999999999999999: x").empty());
  EXPECT_TRUE(lines_of("Error on line 5").empty());
  EXPECT_TRUE(lines_of("Error on line 5:x").empty());
  EXPECT_TRUE(lines_of(" Error on line 5: x").empty());
  EXPECT_TRUE(lines_of("no such field: 'Error on line 1: Error on line 2: '").empty());
  EXPECT_EQ(lines_of("Error on line 7: Error on line 8: x"), std::vector<std::int64_t>{7});
  EXPECT_EQ(lines_of(R"(Error on line 7: x\nError on line 7: x\nError on line 3: x\nError on line 9: x)"),
            (std::vector<std::int64_t>{7, 9}));
}

TEST(LineWords, OfEachLineItsOwn) {
  const auto words_of = [](std::string_view message) {
    std::string all;
    for (const auto& [line, words] : named_lines(message)) all += std::to_string(line) + '=' + words + '|';
    return all;
  };
  const std::pair<std::string, std::string> table[] = {
      {"Error on line 12: invalid JSON, near column 49: no such field: 'a'\nError on line 13: b",
       "12=invalid JSON: no such field: 'a'|13=b|"},
      // what a request says between quotation marks stays with its own line
      {"Error on line 2: no such field: 'Error on line 1: Error on line 3: '",
       "2=no such field: 'Error on line 1: Error on line 3: '|"},
      {"Error on line 4: no such field: 'x\nError on line 1: y, near column 3'\nError on line 5: z",
       "4=no such field: 'x\nError on line 1: y, near column 3'|5=z|"},
      {"Error on line 1: bad (line 1, column 7): x", "1=bad: x|"},
      {"Error on line 1: doesn't parse at column 8", "1=doesn't parse|"},
      {"Error on line 1: the first of these is on line 9", "1=the first of these is|"},
      {"Error on line 1: in column 3 of a table of pipeline 4", "1= of a table of pipeline 4|"},
      {"Error on line 3: , near column 49", "3=refused by the provider|"},
      {"Error on line 3: \n\nError on line 4: " + std::string(600, 'x'),
       "3=refused by the provider|4=" + std::string(500, 'x') + "|"},
      {"Something went wrong.\nError on line 3: x", "3=x|"},
      {"", ""}};
  for (const auto& [message, words] : table) EXPECT_EQ(words_of(message), words) << message;
}

TEST(LineWords, AreBoundedInNumber) {
  std::string message;
  for (int line = 1; line <= 20'000; ++line) message += "Error on line " + std::to_string(line) + ": x\n";
  EXPECT_EQ(named_lines(message).size(), kNamedLinesMax);
}

// Words that name a place of our file in a way that isn't known still don't carry it to a caller.
TEST(ClassifyFault, NoPlaceOfTheFileReachesACaller) {
  const auto fault =
      classify(CallKind::create,
               answer(400, error_body(400, "INVALID_ARGUMENT", "Bad Request: Error on line 3: x at column 5")));
  EXPECT_EQ(core::to_text(fault.kind), "refused");
  ASSERT_TRUE(fault.error);
  EXPECT_EQ(fault.error->message, "Bad Request: Error: x");
  EXPECT_EQ(fault.error->body, "");
}

TEST(ClassifyFault, HowLongToWait) {
  const auto asked = [](const core::HttpEvent& event) {
    const auto wait = classify(CallKind::poll, event).retry_after;
    return wait ? std::to_string(wait->count()) : "no";
  };
  const auto with_delay = [](const std::string& delay) {
    return error_body(
        429, "RESOURCE_EXHAUSTED", "m",
        R"([{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" +
            delay + "\"}]");
  };
  const core::HttpHeader date{"Date", "Mon, 30 Nov 2026 10:00:00 GMT"};
  const std::tuple<core::HttpEvent, std::string> table[] = {
      {answer(503), "no"},
      {answer(503, "", {{"Retry-After", "120"}}), "120000"},
      {answer(429, kQuota, {{"retry-after", "0"}}), "0"},
      {answer(503, "", {{"Retry-After", "-5"}}), "no"},
      {answer(503, "", {{"Retry-After", "soon"}}), "no"},
      {answer(503, "", {{"Retry-After", "99999999999999999999999"}}), "315360000000"},
      {answer(503, "", {{"Retry-After", "Mon, 30 Nov 2026 10:01:30 GMT"}, date}), "90000"},
      {answer(503, "", {{"Retry-After", "Mon, 30 Nov 2026 09:00:00 GMT"}, date}), "0"},
      {answer(503, "", {{"Retry-After", "Mon, 30 Nov 2026 10:01:30 GMT"}}), "no"},
      {answer(503, "", {{"Retry-After", "Mon, 31 Feb 2026 10:01:30 GMT"}, date}), "no"},
      {answer(429, with_delay("34.5s")), "34500"},
      {answer(429, with_delay("11s")), "11000"},
      {answer(429, with_delay("0.0005s")), "0"},
      {answer(429, with_delay("-3s")), "0"},
      {answer(429, with_delay("1h")), "no"},
      {answer(429, with_delay("34.5s"), {{"Retry-After", "20"}}), "34500"},
      {answer(429, with_delay("34.5s"), {{"Retry-After", "60"}}), "60000"},
      {no_answer(), "no"}};
  for (const auto& [event, wait] : table) EXPECT_EQ(asked(event), wait) << event.body;
  EXPECT_EQ(classify(CallKind::create, answer(429, with_delay("2s"))).retry_after, std::chrono::seconds(2));
}

// Returns the fault, and what the requests' owners are told.
std::string told(CallKind call, const core::HttpEvent& event) {
  const auto fault = classify(call, event);
  const std::string kind(core::to_text(fault.kind));
  if (!fault.error) return kind + ": nothing";
  // An answer that names lines quotes the requests of all owners.
  const bool lines = fault.kind == core::Fault::Kind::lines_refused;
  EXPECT_EQ(fault.error->message == fault.message, !lines);
  EXPECT_EQ(fault.error->body, lines ? "" : event.body);
  EXPECT_EQ(fault.error->source, core::ErrorSource::provider);
  return kind + ": " + std::string(core::to_text(fault.error->kind)) + ' ' + std::to_string(fault.error->code) + ' ' +
         fault.error->status + ' ' + std::to_string(fault.error->http_status);
}

TEST(ClassifyFault, WhatTheOwnersAreTold) {
  const std::tuple<CallKind, core::HttpEvent, std::string> table[] = {
      {CallKind::create, answer(400, kInvalid), "refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::create, early(answer(400, kInvalid)), "refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::create, answer(400, kLines), "lines_refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::create, answer(404, kModel), "unexplained: not_found 5 NOT_FOUND 404"},
      {CallKind::create, answer(200, kModel), "unexplained: not_found 5 NOT_FOUND 404"},
      {CallKind::create, answer(413, error_body(413, "ABORTED", "x")), "too_large: invalid 3 INVALID_ARGUMENT 413"},
      {CallKind::create, answer(403, kFile403), "unexplained: denied 7 PERMISSION_DENIED 403"},
      {CallKind::create, answer(400, kLocation), "unexplained: invalid 9 FAILED_PRECONDITION 400"},
      {CallKind::create, answer(403, error_body(403, "NEW_WORD", "no")), "unexplained: other 0 NEW_WORD 403"},
      {CallKind::create, answer(403, kDisabled), "account: denied 7 PERMISSION_DENIED 403"},
      {CallKind::create, answer(429, kQuota), "throttled: exhausted 8 RESOURCE_EXHAUSTED 429"},
      {CallKind::upload_start, answer(400, kMime), "variant_refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::upload_start, answer(422, error_body(422, "ABORTED", "x")), "refused: invalid 3 INVALID_ARGUMENT 422"},
      // not in the provider's form, or no refusal
      {CallKind::create, answer(413, kHtml), "too_large: nothing"},
      {CallKind::create, answer(401, "denied"), "account: nothing"},
      {CallKind::create, answer(500, kInternal), "unclear: nothing"},
      {CallKind::create, no_answer(), "unclear: nothing"},
      {CallKind::upload_data, answer(404, kModel), "upload_gone: nothing"},
      {CallKind::poll, answer(503, kInternal), "transient: nothing"}};
  for (const auto& [call, event, what] : table) EXPECT_EQ(told(call, event), what) << event.body;
}

}  // namespace
}  // namespace batchd::proto
