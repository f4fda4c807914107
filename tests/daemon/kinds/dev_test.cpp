// batchd --dev sends its own key, whatever keys the machine has. The emulator refuses those that begin with "bad".
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/harness/daemon.h"
#include "tests/harness/emulator.h"

namespace batchd::harness {
namespace {

TEST(Dev, NoKeyOfTheMachineGoesToTheEmulator) {
  const TempFolder folder;
  Emulator emulator(folder, {});
  for (const std::string name : {"default.api_key", "gemini_api_key"})
    write_file(folder.file(name), "bad-credential-of-the-machine");
  auto process =
      Process::start({.binary = "/bin/sh",
                      .arguments = {"-c", "cd \"$1\" && exec \"$2\" --dev --state state --provider \"$3\"", "sh",
                                    folder.path().string(), BATCHD_BINARY, emulator.url()},
                      .environment = {{"CREDENTIALS_DIRECTORY", folder.path().string()},
                                      {"BATCHD_ACCOUNTS__DEFAULT__API_KEY", "bad-key-of-the-account"},
                                      {"BATCHD_ACCOUNTS__DEFAULT__API_KEY_FILE", folder.file("gemini_api_key")},
                                      {"BATCHD_GEMINI_API_KEY", "bad-key-of-the-kind"}},
                      .output = folder.file("batchd.log"),
                      .input = {},
                      .sockets = {}});
  const auto socket = folder.file("batchd.sock");
  ASSERT_TRUE(eventually([&] {
    const auto reply = LocalHttp(socket).get("/readyz");
    return (reply && reply->status == 200) || !process.running();
  }));
  LocalHttp http(socket);
  const auto posted = http.post("/v1/requests", submission("to whom?"));
  ASSERT_TRUE(posted && posted->status == 202) << read_file(folder.file("batchd.log"));
  const auto done = http.get("/v1/requests/" + Json(posted->body).text("/id") + "?wait=60");
  ASSERT_TRUE(done) << read_file(folder.file("batchd.log"));
  EXPECT_EQ(answer_text(Json(done->body)), "echo: to whom?") << read_file(folder.file("batchd.log"));
}

}  // namespace
}  // namespace batchd::harness
