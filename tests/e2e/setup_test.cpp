// batchctl setup: a key is stored where the real daemon reads it, and a wrong one changes nothing. batchd --check-key
// and systemctl are stand-ins, beside batchctl and first in $PATH, that record how they were called.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/e2e/e2e_fixture.h"
#include "tests/e2e/terminal.h"

namespace batchd::e2e {
namespace {

const std::string kKey = "AIza-not-a-real-key_0123456789";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Setup : public E2eTest {
 protected:
  struct Ran {
    std::optional<int> code;
    std::string out, err;
  };

  void SetUp() override {
    std::filesystem::create_directory(bin());
    std::filesystem::copy_file(BATCHCTL_BINARY, bin() + "/batchctl");
    write_file(folder_.file("noted"), "");
    std::filesystem::permissions(folder_.file("noted"), std::filesystem::perms(0666));  // other users' stand-ins, too
    check_says("echo 'accepted: 50 models'");
    systemd_says("exit 1");
  }
  std::string bin() const { return folder_.file("bin"); }
  std::string noted() const { return read_file(folder_.file("noted")); }
  std::string key_file() const { return folder_.file("key"); }

  // What becomes known of a program to others of the machine, and what it was given.
  void stand_in(const std::string& name, const std::string& script) {
    const auto path = bin() + '/' + name;
    write_file(path, "#!/bin/sh\n{ echo " + name + ": \"$@\"; tr '\\0' '\\n' </proc/$$/cmdline; env; } >>" +
                         folder_.file("noted") + '\n' + script + '\n');
    std::filesystem::permissions(path, std::filesystem::perms(0755));
  }
  void check_says(const std::string& script) { stand_in("batchd", "cat >" + folder_.file("given") + '\n' + script); }
  void systemd_says(const std::string& script) { stand_in("systemctl", script); }
  // The unit is known and runs; `take` is what a restart or reload does.
  void systemd_runs(const std::string& take) {
    systemd_says("case \"$*\" in show*) echo LoadState=loaded; echo ActiveState=active;; *) " + take + ";; esac");
  }
  std::string hang_up() { return "kill -HUP " + std::to_string(daemon_->process().pid()); }

  // A daemon whose key file isn't there (yet).
  void start_without_key() {
    start({}, {.api_key = std::nullopt, .config = {{"accounts.default.api_key_file", json_text(key_file())}}});
  }
  Process start_setup(const std::string& arguments, const std::string& input, const std::string& before = {}) {
    const auto command = "PATH=" + bin() + ":$PATH; " + input + before + ' ' + bin() + "/batchctl " + arguments + " >" +
                         folder_.file("out") + " 2>" + folder_.file("err");
    return Process::start(
        {"/bin/sh", {"-c", command}, {{"BATCHD_CONFIG", daemon_->config_file()}}, folder_.file("sh.log")});
  }
  Ran setup(const std::string& arguments, const std::string& key = kKey, const std::string& before = {}) {
    auto process = start_setup("setup gemini " + arguments, "printf '%s\\n' '" + key + "' | ", before);
    const auto code = process.wait();
    return {code, read_file(folder_.file("out")), read_file(folder_.file("err"))};
  }
  TerminalProgram on_terminal(const std::string& program, const std::vector<std::string>& arguments) {
    return {program, arguments, {{"PATH", bin() + ":/usr/bin:/bin"}, {"BATCHD_CONFIG", daemon_->config_file()}}};
  }
  TerminalProgram prompted() { return on_terminal(bin() + "/batchctl", {"setup", "gemini", "--no-restart"}); }
  unsigned mode_of(const std::string& path) const {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777 : 0;
  }
  // Nothing half-written lies beside the key.
  std::size_t key_files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      count += entry.path().filename().string().starts_with("key");
    return count;
  }
};

TEST_F(Setup, ADaemonWithoutAKeyGetsOneAndWorks) {
  start_without_key();
  const auto before = post("waits for a key");
  ASSERT_FALSE(before.empty());
  systemd_runs(hang_up());
  const auto ran = setup("--json");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(read_file(key_file()), kKey + '\n');
  EXPECT_EQ(mode_of(key_file()) & 0007, 0U);
  EXPECT_EQ(read_file(folder_.file("given")), kKey);
  EXPECT_TRUE(contains(ran.err, "accepted: 50 models")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "account default is ready. Try: batchctl submit ")) << ran.err;
  const Json summary(ran.out);
  EXPECT_EQ(summary.text("/stored"), key_file()) << ran.out;
  EXPECT_TRUE(summary.flag("/checked") && summary.flag("/restarted") && summary.flag("/ready")) << ran.out;
  EXPECT_TRUE(contains(noted(), "batchd: --check-key --account default --config " + daemon_->config_file())) << noted();
  EXPECT_TRUE(contains(noted(), "systemctl: --no-ask-password reload-or-restart batchd.service\n")) << noted();
  for (const auto& text : {ran.out, ran.err, noted()}) EXPECT_FALSE(contains(text, kKey)) << text;
  EXPECT_EQ(answer_text(finished(before)), "echo: waits for a key");
}

TEST_F(Setup, WhatIsNoGoodKeyChangesNothing) {
  start();
  write_file(key_file(), "the old key, byte for byte\n\n");
  const struct {
    std::string check, key;
    int code;
    std::string said;
  } cases[] = {
      {"echo \"API key not valid: $(cat " + folder_.file("given") + ")\" >&2; exit 77", kKey, 77, "API key not valid"},
      {"echo no network >&2; exit 69", kKey, 69, "--no-check"},
      {"exit 64", kKey, 69, "--no-check"},
      {"kill -9 $$", kKey, 69, "--no-check"},
      {"exit 78", kKey, 78, "nothing was changed"},
      {"", "", 65, "holds no key"},
      {"", "two\nlines", 65, "printable"},
      {"", "two words", 65, "printable"},
      {"", std::string(20000, 'k'), 65, "longer than a key"},
  };
  for (const auto& c : cases) {
    check_says(c.check);
    const auto ran = setup("", c.key);
    EXPECT_EQ(ran.code, c.code) << c.check << c.key.substr(0, 20) << ran.err;
    EXPECT_TRUE(contains(ran.err, c.said)) << ran.err;
    EXPECT_FALSE(contains(ran.err + ran.out, kKey)) << ran.err;
    EXPECT_EQ(read_file(key_file()), "the old key, byte for byte\n\n");
  }
  EXPECT_EQ(key_files(), 1U);
  EXPECT_FALSE(contains(noted(), "reload-or-restart"));
}

TEST_F(Setup, UncheckedItIsStoredAllTheSame) {
  start_without_key();
  check_says("exit 69");
  const auto ran = setup("--no-check --no-restart --key-file " + folder_.file("new"));
  EXPECT_EQ(ran.code, 65) << "there is no such file";
  write_file(folder_.file("new"), "  " + kKey + "\r\n");
  const auto stored = setup("--no-check --no-restart --key-file " + folder_.file("new"));
  EXPECT_EQ(stored.code, 0) << stored.err;
  EXPECT_EQ(read_file(key_file()), kKey + '\n');
  EXPECT_TRUE(contains(stored.err, "unchecked")) << stored.err;
  EXPECT_TRUE(contains(stored.err, "SIGHUP")) << stored.err;
  EXPECT_FALSE(contains(noted(), "batchd:"));
}

TEST_F(Setup, AReplacedFileKeepsWhoMayReadIt) {
  start();
  systemd_runs(hang_up());
  const bool root = is_root();
  ASSERT_TRUE(!root || ::chown(key_file().c_str(), 2001, 2002) == 0);
  ASSERT_EQ(::chmod(key_file().c_str(), 0640), 0);
  struct stat before {};
  ASSERT_EQ(::stat(key_file().c_str(), &before), 0);
  const auto ran = setup("--key-file -");
  EXPECT_EQ(ran.code, 0) << ran.err;
  struct stat after {};
  ASSERT_EQ(::stat(key_file().c_str(), &after), 0);
  EXPECT_NE(after.st_ino, before.st_ino) << "a reader must never find half a key";
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_EQ(key_files(), 1U);
}

TEST_F(Setup, ALinkIsNotFollowed) {
  start_without_key();
  write_file(folder_.file("other"), "precious");
  std::filesystem::create_symlink(folder_.file("other"), key_file());
  const auto ran = setup("");
  EXPECT_EQ(ran.code, 65) << ran.err;
  EXPECT_TRUE(contains(ran.err, "symbolic link")) << ran.err;
  EXPECT_EQ(read_file(folder_.file("other")), "precious");
}

TEST_F(Setup, ALinkPutThereWhileTheKeyIsCheckedIsNotFollowed) {
  start_without_key();
  write_file(folder_.file("other"), "precious");
  check_says("ln -s " + folder_.file("other") + ' ' + key_file());
  const auto ran = setup("--no-restart");
  EXPECT_EQ(ran.code, 65) << ran.err;
  EXPECT_TRUE(contains(ran.err, "symbolic link")) << ran.err;
  EXPECT_EQ(read_file(folder_.file("other")), "precious");
  EXPECT_TRUE(std::filesystem::is_symlink(key_file()));
}

TEST_F(Setup, AKeyIsNeverForEverybody) {
  start_without_key();
  write_file(key_file(), "old");
  ASSERT_EQ(::chmod(key_file().c_str(), 0666), 0);
  const auto ran = setup("--no-restart");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(mode_of(key_file()), 0640U);
}

// Whoever owns a folder above the key may put a link to any other folder there, at any moment.
TEST_F(Setup, RootWritesNoKeyWhereOthersMayMoveFolders) {
  if (!is_root()) GTEST_SKIP() << "is about root";
  const auto above = folder_.file("above"), folder = above + "/in", key = folder + "/key";
  std::filesystem::create_directories(folder);
  start({}, {.api_key = std::nullopt, .config = {{"accounts.default.api_key_file", json_text(key)}}});
  const struct {
    std::string made;
    int code;
    std::string said;
  } cases[] = {
      {"true", 0, "stored"},
      {"chown 2001 " + folder, 78, folder + " belongs to another user"},
      {"chown 0 " + folder + "; chown 2001 " + above, 78, above + " belongs to another user"},
      {"chown 0 " + above + "; chmod 0775 " + above, 78, above + " may be written by others"},
      {"chmod 1777 " + above, 0, "stored"},
      {"chmod 1777 " + folder, 78, folder + " may be written by others"},
      {"chmod 0755 " + folder + "; chmod 0755 " + above, 0, "stored"},
      {"mv " + above + ' ' + above + ".real; ln -s " + above + ".real " + above, 78, above + " is a symbolic link"},
      {"rm " + above + "; mv " + above + ".real " + above + "; mv " + folder + ' ' + folder + ".real; ln -s " + folder +
           ".real " + folder,
       78, folder + " is a symbolic link"},
      {"rm " + folder + "; mv " + folder + ".real " + folder, 0, "stored"},
  };
  for (const auto& c : cases) {
    ASSERT_EQ(std::system(c.made.c_str()), 0);
    std::filesystem::remove(key);
    const auto ran = setup("--no-restart");
    EXPECT_EQ(ran.code, c.code) << c.made << ran.err;
    EXPECT_TRUE(contains(ran.err, c.said)) << c.made << ran.err;
    EXPECT_EQ(std::filesystem::exists(key), c.code == 0) << c.made;
  }
  // In between, too: what was looked at before the key was asked for is looked at again.
  std::filesystem::remove(key);
  check_says("chown 2001 " + above);
  EXPECT_EQ(setup("--no-restart").code, 78);
  EXPECT_FALSE(std::filesystem::exists(key));
}

TEST_F(Setup, SaysWhatItCantDoBeforeItAsks) {
  start();
  const auto unknown = setup("--account nightly");
  EXPECT_EQ(unknown.code, 78);
  EXPECT_TRUE(contains(unknown.err, "no account nightly; it has: default")) << unknown.err;
  if (is_root()) {
    const auto other = setup("", kKey, "setpriv --reuid=2003 --regid=2003 --clear-groups");
    EXPECT_EQ(other.code, 77) << other.err;
    EXPECT_TRUE(contains(other.err, "sudo batchctl setup gemini")) << other.err;
  }
  EXPECT_FALSE(contains(noted(), "batchd:")) << "nothing was asked";
  EXPECT_EQ(read_file(key_file()), "test-key");
}

TEST_F(Setup, ARestartThatFailsIsSaid) {
  start();
  systemd_runs("echo 'Job for batchd.service failed.' >&2; exit 1");
  const auto ran = setup("");
  EXPECT_EQ(ran.code, 69) << ran.err;
  EXPECT_TRUE(contains(ran.err, "Job for batchd.service failed.")) << ran.err;
  EXPECT_TRUE(contains(ran.err, "journalctl -u batchd")) << ran.err;
}

// A machine of its own: /etc is another file system for these children.
class SetupOfAMachine : public Setup {
 protected:
  // `look`: shell commands afterwards; `before`: others. None: that isn't possible here.
  std::optional<Ran> setup_there(const std::string& arguments, const std::string& look,
                                 const std::string& before = {}) {
    const auto script = folder_.file("script");
    write_file(script,
               "mount -t tmpfs -o mode=755 none /etc || exit 99\necho batchd:x:2077:2078::/:/bin/false >/etc/passwd\n" +
                   before + "\nprintf %s " + kKey + " | " + bin() + "/batchctl setup gemini " + arguments +
                   "\ncode=$?\n" + look + "\nexit $code\n");
    const auto command = "PATH=" + bin() + ":$PATH unshare --mount sh " + script + " >" + folder_.file("out") + " 2>" +
                         folder_.file("err");
    auto process = Process::start(
        {"/bin/sh", {"-c", command}, {{"BATCHD_CONFIG", daemon_->config_file()}}, folder_.file("sh.log")});
    const auto code = process.wait();
    Ran ran{code, read_file(folder_.file("out")), read_file(folder_.file("err"))};
    // In a chroot nobody may make mounts private: what this mounts on /etc would be seen outside.
    const bool unable = contains(ran.err, "unshare failed") || contains(ran.err, "unshare: cannot change root");
    if (!is_root() || code == 99 || unable) return std::nullopt;
    return ran;
  }
};

TEST_F(SetupOfAMachine, WithoutAFileOfItsOwnItIsACredential) {
  start({}, {.api_key = std::nullopt});
  const std::string look = "stat -c %a:%u /etc/credstore /etc/credstore/batchd.gemini_api_key; cat /etc/credstore/*";
  const auto alone = setup_there("", look);
  if (!alone) GTEST_SKIP() << "needs the right to mount a file system";
  EXPECT_EQ(alone->code, 78) << alone->err;
  EXPECT_TRUE(contains(alone->err, "api_key_file")) << alone->err;
  EXPECT_EQ(alone->out, "");
  systemd_runs("true");
  const auto said = setup_there("--no-restart", look);
  EXPECT_EQ(said->code, 0) << said->err;
  EXPECT_EQ(said->out, "700:0\n600:0\n" + kKey + '\n') << said->err;
  EXPECT_TRUE(contains(said->err, "systemctl restart batchd.service")) << said->err;
  EXPECT_FALSE(contains(noted(), "no-ask-password"));
  systemd_runs("exit 1");
  EXPECT_EQ(setup_there("", look)->code, 69);
  EXPECT_TRUE(contains(noted(), "systemctl: --no-ask-password restart batchd.service\n")) << noted();
}

// It isn't put anywhere else; the next step is said.
TEST_F(SetupOfAMachine, ACredentialThatDoesntArriveIsNotCalledReady) {
  start({}, {.api_key = std::nullopt, .environment = {{"BATCHD_GEMINI_API_KEY", kKey}}});
  systemd_runs("true");  // and hands nothing over
  const auto ran = setup_there("--json", "echo; ls /etc/batchd /etc/credstore", "mkdir -m 755 /etc/batchd");
  if (!ran) GTEST_SKIP() << "needs the right to mount a file system";
  EXPECT_EQ(ran->code, 75) << ran->err;
  EXPECT_TRUE(contains(ran->err, "set api_key_file = \"/etc/batchd/gemini_api_key\" under [accounts.default]"))
      << ran->err;
  EXPECT_TRUE(contains(ran->out, "\"ready\":false}")) << ran->out;
  EXPECT_TRUE(contains(ran->out, "\n/etc/batchd:\n\n/etc/credstore:\nbatchd.gemini_api_key\n")) << ran->out;
}

TEST_F(SetupOfAMachine, ACredentialThatArrivesHasToBeInUse) {
  start({}, {.api_key = std::nullopt, .environment = {{"BATCHD_GEMINI_API_KEY", kKey}}});
  systemd_runs("true");
  const std::string look = "cat /etc/batchd/gemini_api_key; ls /etc/credstore";
  const std::string arrives =
      "mount -t tmpfs none /run; mkdir -p /run/credentials/batchd.service\n"
      "touch /run/credentials/batchd.service/gemini_api_key\n"
      "mkdir -m 755 /etc/batchd; echo of somebody >/etc/batchd/gemini_api_key";
  const auto ran = setup_there("", look, arrives);
  if (!ran) GTEST_SKIP() << "needs the right to mount a file system";
  EXPECT_EQ(ran->code, 0) << ran->err;
  EXPECT_EQ(ran->out, "of somebody\nbatchd.gemini_api_key\n") << ran->err;
  EXPECT_TRUE(contains(ran->err, "account default is ready")) << ran->err;
}

TEST_F(SetupOfAMachine, TheDaemonsOwnFileIsForItsUserWhateverWasThere) {
  start({}, {.api_key = std::nullopt, .config = {{"accounts.default.api_key_file", "\"/etc/batchd/gemini_api_key\""}}});
  const auto ran = setup_there("--no-restart", "stat -c %a:%u:%g /etc/batchd/gemini_api_key",
                               "mkdir -m 755 /etc/batchd\ninstall -m 640 -g 2078 /dev/null /etc/batchd/gemini_api_key");
  if (!ran) GTEST_SKIP() << "needs the right to mount a file system";
  EXPECT_EQ(ran->out, "400:2077:2078\n") << ran->err;
}

TEST_F(SetupOfAMachine, ANewFileIsForTheServicesUserOnly) {
  start_without_key();
  const auto ran = setup_there("--no-restart", "stat -c %a:%u:%g " + key_file());
  if (!ran) GTEST_SKIP() << "needs the right to mount a file system";
  EXPECT_EQ(ran->code, 0) << ran->err;
  EXPECT_EQ(ran->out, "400:2077:2078\n");
}

TEST_F(Setup, ADaemonThatKeepsItsOldKeyIsNotCalledReady) {
  start();
  systemd_runs("true");  // and the daemon reads nothing
  const auto ran = setup("--json");
  EXPECT_EQ(ran.code, 75) << ran.err;
  EXPECT_TRUE(contains(ran.err, "batchd still uses another key for account default")) << ran.err;
  EXPECT_FALSE(contains(ran.err, "is ready")) << ran.err;
  EXPECT_FALSE(Json(ran.out).flag("/ready", true)) << ran.out;
}

TEST_F(Setup, AnUncheckedKeyIsNotCalledReady) {
  start();
  systemd_runs(hang_up());
  const auto ran = setup("--no-check");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.err, "account default has the key; it hasn't been checked")) << ran.err;
  EXPECT_FALSE(contains(ran.err, "is ready")) << ran.err;
}

TEST_F(Setup, AKeyThatIsAPartOfWordsEndsInNoLoop) {
  start();
  check_says("echo 'the key is refused' >&2; exit 77");
  for (const std::string key : {"key", "e", "(key)"}) EXPECT_EQ(setup("", key).code, 77) << key;
}

TEST_F(Setup, ATerminalIsAskedAndShowsNothing) {
  start_without_key();
  auto terminal = prompted();
  ASSERT_TRUE(terminal.echoes());
  ASSERT_TRUE(terminal.shows("Key of the Gemini API")) << terminal.shown();
  EXPECT_FALSE(terminal.echoes());
  ASSERT_TRUE(terminal.type(kKey + '\n'));
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_FALSE(contains(terminal.shown(), kKey)) << terminal.shown();
  EXPECT_TRUE(terminal.echoes());
  EXPECT_EQ(read_file(key_file()), kKey + '\n');
}

TEST_F(Setup, ATerminalNamedAsAFileShowsNothingEither) {
  start_without_key();
  for (const std::string file : {"-", "/dev/tty"}) {
    auto terminal = on_terminal(bin() + "/batchctl", {"setup", "gemini", "--no-restart", "--key-file", file});
    ASSERT_TRUE(terminal.shows("Key of the Gemini API")) << terminal.shown();
    EXPECT_FALSE(terminal.echoes());
    ASSERT_TRUE(terminal.type(kKey + '\n'));
    EXPECT_EQ(terminal.end(), 0) << terminal.shown();
    EXPECT_FALSE(contains(terminal.shown(), kKey)) << terminal.shown();
  }
}

TEST_F(Setup, InTheBackgroundItIsStoppedAndTheTerminalLeftAlone) {
  start_without_key();
  auto terminal = on_terminal("/bin/sh", {"-m", "-c",
                                          "batchctl setup gemini --no-restart & wait $!\n"
                                          "echo it has stopped; read line; fg"});
  ASSERT_TRUE(terminal.shows("it has stopped")) << terminal.shown();
  EXPECT_TRUE(terminal.echoes());
  EXPECT_FALSE(contains(terminal.shown(), "Key of the Gemini API")) << terminal.shown();
  ASSERT_TRUE(terminal.type("\n"));
  ASSERT_TRUE(terminal.shows("Key of the Gemini API")) << terminal.shown();
  EXPECT_FALSE(terminal.echoes());
  ASSERT_TRUE(terminal.type(kKey + '\n'));
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_EQ(read_file(key_file()), kKey + '\n');
}

TEST_F(Setup, ASignalFindsTheTerminalAsItWas) {
  start_without_key();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    auto terminal = prompted();
    ASSERT_TRUE(terminal.shows("Key of the Gemini API")) << terminal.shown();
    terminal.send(signal);
    EXPECT_EQ(terminal.end(), 128 + signal);
    EXPECT_TRUE(terminal.echoes());
  }
  auto terminal = prompted();
  ASSERT_TRUE(terminal.shows("Key of the Gemini API")) << terminal.shown();
  ASSERT_TRUE(terminal.type("half a key\x03"));
  EXPECT_EQ(terminal.end(), 128 + SIGINT);
  EXPECT_TRUE(terminal.echoes());
  EXPECT_FALSE(contains(terminal.shown(), "half a key")) << terminal.shown();
  EXPECT_FALSE(std::filesystem::exists(key_file()));
}

// Control-Z is a character like any other, and control-U takes it away: a shell that stopped us would show what is
// typed.
TEST_F(Setup, ItCantBeStoppedFromTheKeyboardWhileItAsks) {
  start_without_key();
  auto terminal = on_terminal("/bin/sh", {"-m", "-c", "batchctl setup gemini --no-restart; exit $?"});
  ASSERT_TRUE(terminal.shows("Key of the Gemini API")) << terminal.shown();
  ASSERT_TRUE(terminal.type("\x1a\x15" + kKey + '\n'));
  EXPECT_EQ(terminal.end(), 0) << terminal.shown();
  EXPECT_FALSE(contains(terminal.shown(), kKey)) << terminal.shown();
  EXPECT_EQ(read_file(key_file()), kKey + '\n');
}

}  // namespace
}  // namespace batchd::e2e
