#include <gtest/gtest.h>

#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

const auto kFilesGemini = make_gemini();
const std::string kGone =
    error_body(403, "PERMISSION_DENIED", "You do not have permission to access the File b-1 or it may not exist.");
const std::string kFilesNoKey = error_body(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.");

TEST(CheckFile, Presence) {
  struct Row {
    core::HttpEvent event;
    std::string result;  // "present", "absent", or the fault
  };
  const std::vector<Row> table{
      {answer(200, R"({"name":"files/b-1","state":"ACTIVE"})"), "present"},
      {answer(403, kGone), "absent"},
      {answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found.")), "absent"},
      {answer(200, kGone), "absent"},
      // none of these proves that it is gone
      {answer(403, kFilesNoKey), "account"},
      {answer(403, "Forbidden"), "transient"},
      {answer(404, "<html>"), "transient"},
      {answer(200, "<html>"), "transient"},
      {answer(200, R"({"name":"files/other"})"), "transient"},
      {answer(500), "transient"},
      {answer(429), "throttled"},
      {no_answer(), "transient"},
      {not_sent(), "not_sent"},
  };
  for (const auto& [event, result] : table) {
    Talk talk(kFilesGemini->check_file("files/b-1"));
    EXPECT_EQ(talk.call().method, "GET");
    EXPECT_EQ(talk.call().target, "/v1beta/files/b-1");
    talk.hears(event);
    const auto* outcome = talk.outcome();
    EXPECT_EQ(outcome == nullptr ? talk.fault()
              : outcome->present ? "present"
                                 : "absent",
              result)
        << event.status << ' ' << event.body;
  }
}

TEST(RemoveFile, Outcomes) {
  struct Row {
    core::HttpEvent event;
    std::string result;
  };
  const std::vector<Row> table{
      {answer(200, "{}"), "gone"},
      {answer(200), "gone"},
      {answer(204), "gone"},
      {answer(403, kGone), "gone"},
      {answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found.")), "gone"},
      {answer(
           400,
           error_body(
               400, "INVALID_ARGUMENT",
               R"(* DeleteFileRequest.name: File ID (name excluding 'files/') cannot be more than 40 characters.\n)")),
       "undeletable"},
      {answer(400, error_body(400, "INVALID_ARGUMENT", "no")), "refused"},
      {answer(403, kFilesNoKey), "account"},
      {answer(200, "<html>"), "transient"},
      {answer(200, error_body(500, "INTERNAL", "oops")), "transient"},
      {answer(503), "transient"},
      {no_answer(), "transient"},
  };
  for (const auto& [event, result] : table) {
    Talk talk(kFilesGemini->remove_file("files/b-1"));
    EXPECT_EQ(talk.call().method, "DELETE");
    EXPECT_EQ(talk.call().target, "/v1beta/files/b-1");
    talk.hears(event);
    const auto* outcome = talk.outcome();
    EXPECT_EQ(outcome == nullptr     ? talk.fault()
              : outcome->undeletable ? "undeletable"
                                     : "gone",
              result)
        << event.status << ' ' << event.body;
    EXPECT_TRUE(outcome == nullptr || outcome->gone != outcome->undeletable);
  }
}

TEST(Names, HostileOnesNeverReachAPath) {
  for (const std::string name : {"", "files/", "files/..", "files/.", "files/a/b", "files/a?x=1", "files/a\r\nX: y",
                                 "files/%2e%2e", "batches/a", "http://evil/files/a", "/files/a", "files/\xC3\xA9"}) {
    EXPECT_FALSE(Talk(kFilesGemini->check_file(name)).asks()) << name;
    EXPECT_FALSE(Talk(kFilesGemini->remove_file(name)).asks()) << name;
    EXPECT_FALSE(Talk(kFilesGemini->results(name)).asks()) << name;
    EXPECT_TRUE(name == "batches/a" || !Talk(kFilesGemini->poll(name)).asks()) << name;
    EXPECT_TRUE(name == "batches/a" || !Talk(kFilesGemini->cancel(name)).asks()) << name;
  }
  EXPECT_FALSE(Talk(kFilesGemini->poll("batches/" + std::string(10'000, 'a'))).asks());
}

}  // namespace
}  // namespace batchd::proto
