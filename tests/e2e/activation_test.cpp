// Socket activation: the socket exists before the daemon starts and after it stops; clients that connect meanwhile are
// served later.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/e2e_fixture.h"
#include "tests/harness/listening_socket.h"

namespace batchd::e2e {
namespace {

class Activation : public E2eTest {
 protected:
  // A daemon that gets these descriptors; it isn't started.
  void prepare(const std::vector<int>& sockets) {
    emulator_.emplace(folder_, EmulatorSettings());
    daemon_.emplace(folder_, DaemonSettings{.provider_url = emulator_->url(), .sockets = sockets});
  }
  // The exit code of a daemon that can't use what it gets. Nobody calls it: the socket may be one that listens.
  std::optional<int> refused(const std::vector<int>& sockets) {
    prepare(sockets);
    return run(sockets).wait();
  }
  Process run(const std::vector<int>& sockets) {
    return Process::start({.binary = BATCHD_BINARY,
                           .arguments = {"--config", daemon_->config_file()},
                           .environment = {},
                           .output = folder_.file("batchd.log"),
                           .input = {},
                           .sockets = sockets});
  }
  static ino_t inode(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
  }
  static unsigned mode(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  bool logged(const std::string& words) { return daemon_->log().find(words) != std::string::npos; }
};

TEST_F(Activation, WhoComesWhileItIsAwayIsServedWhenItIsBack) {
  const ListeningSocket socket(folder_.file("s"), SOCK_STREAM);
  const auto before = inode(folder_.file("s"));
  prepare({socket.descriptor()});
  LocalHttp early(daemon_->socket());
  ASSERT_TRUE(early.send("POST", "/v1/requests", submission("early"), {}));
  daemon_->start();
  const auto accepted = early.receive();
  ASSERT_TRUE(accepted && accepted->status == 202);
  EXPECT_EQ(answer_text(finished(Json(accepted->body).text("/id"))), "echo: early");
  EXPECT_EQ(mode(daemon_->socket()), 0640u) << "its mode isn't ours, whatever is configured";
  early.close();

  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_EQ(inode(daemon_->socket()), before) << "the file is gone, or another one";
  LocalHttp meanwhile(daemon_->socket());
  ASSERT_TRUE(meanwhile.send("POST", "/v1/requests", submission("meanwhile"), {}));
  daemon_->start();
  const auto later = meanwhile.receive();
  ASSERT_TRUE(later && later->status == 202);
  EXPECT_EQ(answer_text(finished(Json(later->body).text("/id"))), "echo: meanwhile");
  EXPECT_EQ(inode(daemon_->socket()), before);
  EXPECT_FALSE(logged("socket_differs")) << daemon_->log();
}

TEST_F(Activation, AHardEndLosesNoQueuedClientEither) {
  const ListeningSocket socket(folder_.file("s"), SOCK_STREAM);
  prepare({socket.descriptor()});
  daemon_->start();
  daemon_->kill_hard();
  LocalHttp meanwhile(daemon_->socket());
  ASSERT_TRUE(meanwhile.send("GET", "/healthz", {}, {}));
  daemon_->start();
  const auto reply = meanwhile.receive();
  EXPECT_TRUE(reply && reply->status == 200);
}

TEST_F(Activation, AnotherPathThanTheConfiguredOneIsSaid) {
  const ListeningSocket socket(folder_.file("other"), SOCK_STREAM);
  prepare({socket.descriptor()});
  const auto configured = folder_.file("s"), passed = folder_.file("other");
  // The harness asks at the configured path: let that be a link to the other one, until it is ready.
  ASSERT_EQ(::symlink(passed.c_str(), configured.c_str()), 0);
  daemon_->start();
  EXPECT_FALSE(logged("socket_differs")) << "the same file by another name";
  EXPECT_EQ(daemon_->stop(), 0);
  ASSERT_EQ(::unlink(configured.c_str()), 0);
  const auto daemon = run({socket.descriptor()});
  EXPECT_TRUE(eventually([&] { return logged("socket_differs passed=" + passed + " configured=" + configured); }))
      << daemon_->log();
  LocalHttp http(passed);
  const auto reply = http.get("/healthz");
  EXPECT_TRUE(reply && reply->status == 200);
}

TEST_F(Activation, ADatagramSocketIsRefused) {
  const ListeningSocket socket(folder_.file("s"), SOCK_DGRAM);
  EXPECT_EQ(refused({socket.descriptor()}), 78);
  EXPECT_TRUE(logged("socket_unavailable detail=\"socket activation: the Unix socket that was passed is no stream"))
      << daemon_->log();
}

TEST_F(Activation, OneThatDoesNotListenIsRefused) {
  const ListeningSocket socket(folder_.file("s"), SOCK_STREAM, false);
  EXPECT_EQ(refused({socket.descriptor()}), 78);
  EXPECT_TRUE(logged("doesn't listen")) << daemon_->log();
}

TEST_F(Activation, MoreThanOneAreRefused) {
  const ListeningSocket one(folder_.file("s"), SOCK_STREAM), two(folder_.file("t"), SOCK_STREAM);
  EXPECT_EQ(refused({one.descriptor(), two.descriptor()}), 78);
  EXPECT_TRUE(logged("2 descriptors were passed")) << daemon_->log();
}

TEST_F(Activation, TcpIsRefused) {
  const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::listen(tcp, 8), 0);
  EXPECT_EQ(refused({tcp}), 78);
  EXPECT_TRUE(logged("no Unix socket")) << daemon_->log();
  ::close(tcp);
}

}  // namespace
}  // namespace batchd::e2e
