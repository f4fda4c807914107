// The mechanism of the switches, and those of lists and downloads. Those of jobs and uploads: job_switches_test.cpp,
// upload_switches_test.cpp.
#include "emulator/base/switches.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

struct Ran {
  int exit_code = 0;
  std::string output;
};

// The program itself, with standard error in its output.
Ran run_program(const std::string& arguments) {
  Ran ran;
  FILE* pipe = ::popen((GEMINI_EMULATOR " " + arguments + " 2>&1").c_str(), "r");
  if (!pipe) return ran;
  std::array<char, 4096> piece{};
  while (const auto got = std::fread(piece.data(), 1, piece.size(), pipe)) ran.output.append(piece.data(), got);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

std::string error_of(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

TEST(Switches, HaveDefaultsAndTakeOnlyWhatTheyKnow) {
  Switches switches;
  EXPECT_TRUE(switches.is(Switch::download_range, "ignored"));
  EXPECT_EQ(switches.number(Switch::page_size_max), 100);
  switches.set({{"download-range", "honoured"}, {"page-size-max", "7"}, {"unknown-batch-text", "gone"}});
  EXPECT_TRUE(switches.is(Switch::download_range, "honoured"));
  EXPECT_EQ(switches.number(Switch::page_size_max), 7);
  EXPECT_EQ(switches.text(Switch::unknown_batch_text), "gone");
  EXPECT_THROW(switches.is(Switch::download_range, "honored"), std::logic_error);
  for (const auto* value : {"", "x", "ignored|honoured", "Honoured"}) {
    EXPECT_NE(error_of([&] { switches.set({{"download-range", value}}); }), "") << value;
  }
  for (const auto* value : {"", "-1", "7x", "1e10"}) {
    EXPECT_NE(error_of([&] { switches.set({{"page-size-max", value}}); }), "") << value;
  }
}

TEST(Switches, AreSetAllOrNone) {
  Switches switches;
  EXPECT_NE(error_of([&] { switches.set({{"download-range", "honoured"}, {"page-size-max", "many"}}); }), "");
  EXPECT_TRUE(switches.is(Switch::download_range, "ignored"));
}

TEST(Switches, UnknownNamesNameTheNearest) {
  Switches switches;
  const auto why = error_of([&] { switches.set({{"downlod-range", "honoured"}}); });
  EXPECT_NE(why.find("did you mean \"download-range\"?"), std::string::npos) << why;
  EXPECT_NE(why.find("upload-session-seconds"), std::string::npos) << "the list: " << why;
}

TEST(Switches, OnTheCommandLine) {
  const auto unknown = run_program("--port 0 --switch downlod-range=honoured");
  EXPECT_EQ(unknown.exit_code, 64) << unknown.output;
  EXPECT_NE(unknown.output.find("did you mean \"download-range\"?"), std::string::npos) << unknown.output;
  EXPECT_EQ(run_program("--port 0 --switch download-range").exit_code, 64);
  EXPECT_EQ(run_program("--port 0 --switch download-range=maybe").exit_code, 64);
  const auto help = run_program("--help");
  EXPECT_EQ(help.exit_code, 0);
  for (const auto& name : switch_names()) EXPECT_NE(help.output.find("\n  " + name + "="), std::string::npos) << name;
}

TEST(Switches, AreAllInTheDocumentation) {
  std::ifstream in(SOURCE_FOLDER "/docs/emulator.md");
  std::stringstream text;
  text << in.rdbuf();
  for (const auto& name : switch_names()) {
    EXPECT_NE(text.str().find("| `" + name + "` | "), std::string::npos) << name << " is not in docs/emulator.md";
  }
}

TEST(Switches, ChangeWhileItRuns) {
  Provider provider;
  const auto before = provider.call("GET", "/emulator/switches", {}, {}, "").body;
  EXPECT_EQ(at(before, "download-range"), "ignored");
  const auto after =
      provider.call("POST", "/emulator/switches", R"({"download-range":"honoured","page-size-max":3})", {}, "");
  EXPECT_EQ(after.status, 200);
  EXPECT_EQ(at(after.body, "download-range"), "honoured");
  EXPECT_EQ(at(after.body, "page-size-max"), "3");
  for (const auto* body : {R"({"downlod-range":"ignored"})", R"({"download-range":true})", "[]", "{"}) {
    EXPECT_EQ(provider.call("POST", "/emulator/switches", body).status, 400) << body;
  }
  EXPECT_EQ(at(provider.call("GET", "/emulator/switches").body, "download-range"), "honoured");
  EXPECT_EQ(provider.ledger("switches").size(), 1U);
}

TEST(Switches, InFaultFilesAndTheCommandLineWins) {
  Provider provider(R"({"switches":{"download-range":"honoured","page-size-max":5}})",
                    {.switches = {{"page-size-max", "6"}}});
  const auto set = provider.call("GET", "/emulator/switches").body;
  EXPECT_EQ(at(set, "download-range"), "honoured");
  EXPECT_EQ(at(set, "page-size-max"), "6");
  EXPECT_EQ(provider.call("POST", "/emulator/faults", R"({"switches":{"page-size-max":4}})").status, 200);
  EXPECT_EQ(at(provider.call("GET", "/emulator/switches").body, "page-size-max"), "4");
  // Wrong switches change nothing: the rules stay, too.
  provider.call("POST", "/emulator/faults", R"({"rules":[{"on":"models","do":"status","status":503}]})");
  EXPECT_EQ(provider.call("POST", "/emulator/faults", R"({"switches":{"page-size-max":"x"}})").status, 400);
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 503);
}

TEST(Switches, DownloadRange) {
  Provider provider;
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(job);
  const auto whole = provider.download(job).body;
  const auto target = "/v1beta/files/batch-" + job.substr(8) + ":download?alt=media";
  const auto ignored = provider.call("GET", target, {}, {{"Range", "bytes=10-"}});
  EXPECT_EQ(ignored.status, 200);
  EXPECT_EQ(ignored.body, whole);
  provider.call("POST", "/emulator/switches", R"({"download-range":"honoured"})");
  const auto rest = provider.call("GET", target, {}, {{"Range", "bytes=10-"}});
  EXPECT_EQ(rest.status, 206);
  EXPECT_EQ(rest.body, whole.substr(10));
  const auto size = std::to_string(whole.size());
  EXPECT_EQ(rest.headers.at("content-range"), "bytes 10-" + std::to_string(whole.size() - 1) + "/" + size);
  EXPECT_EQ(provider.call("GET", target, {}, {{"Range", "bytes=" + size + "-"}}).status, 416);
  EXPECT_EQ(provider.call("GET", target).status, 200);
}

TEST(Switches, ResultFileGet) {
  Provider provider;
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(job);
  const auto target = "/v1beta/files/batch-" + job.substr(8);
  const auto works = provider.call("GET", target);
  EXPECT_EQ(at(works.body, "source"), "GENERATED");
  EXPECT_EQ(at(works.body, "state"), "ACTIVE");
  EXPECT_NE(at(works.body, "downloadUri"), "");
  provider.call("POST", "/emulator/switches", R"({"result-file-get":"400"})");
  const auto refused = provider.call("GET", target);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "error.message"),
            "* GetFileRequest.name: File ID (name excluding 'files/') cannot be more than 40 characters.\n");
  EXPECT_EQ(provider.download(job).status, 200);
}

TEST(Switches, PageSizes) {
  Provider provider({}, {.job_seconds = 1000, .switches = {{"page-size-default", "2"}, {"page-size-max", "3"}}});
  const auto file = provider.upload(line("a", "1"));
  for (int i = 0; i < 4; ++i) provider.create_job(file);
  const auto usual = provider.call("GET", "/v1beta/batches").body;
  EXPECT_NE(at(usual, "operations.1.name"), "");
  EXPECT_EQ(at(usual, "operations.2.name"), "");
  const auto largest = provider.call("GET", "/v1beta/batches?pageSize=100").body;
  EXPECT_NE(at(largest, "operations.2.name"), "");
  EXPECT_EQ(at(largest, "operations.3.name"), "");
  EXPECT_NE(at(largest, "nextPageToken"), "");
}

}  // namespace
}  // namespace batchd::emulator
