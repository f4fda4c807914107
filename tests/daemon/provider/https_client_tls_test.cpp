// Which certificates are trusted at the other end.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

namespace ssl = asio::ssl;

// A certificate authority of our own and certificates by it, made once.
class Certificates {
 public:
  Certificates() {
    char name[] = "/tmp/batchd-tls-XXXXXX";
    folder_ = ::mkdtemp(name);
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem");
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.pem");
    for (const std::string& name_of : {std::string("localhost"), std::string("wrong.example")}) {
      std::ofstream(folder_ / "ext") << "subjectAltName=DNS:" << name_of << "\n";
      run("openssl req -newkey rsa:2048 -nodes -subj /CN=x -keyout " + name_of + ".key -out r.csr");
      run("openssl x509 -req -in r.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out " + name_of +
          ".pem");
    }
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ / name; }

 private:
  void run(const std::string& command) {
    if (std::system(("cd " + folder_.string() + " && " + command + " >/dev/null 2>&1").c_str()) != 0)
      throw std::runtime_error(command);
  }
  std::filesystem::path folder_;
};

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

class HttpsClientTlsTest : public HttpsClientTest {
 protected:
  using Stream = ssl::stream<asio::ip::tcp::socket>;
  // Shakes hands over TLS on the accepted socket, and then makes `exchange`.
  static ScriptedServer::Script over_tls(const std::string& name, const std::function<void(Stream&)>& exchange,
                                         int version_max = TLS1_3_VERSION) {
    return [=](RawSocket& connection) {
      asio::io_context context;
      ssl::context server(ssl::context::tls_server);
      SSL_CTX_set_max_proto_version(server.native_handle(), version_max);
      SSL_CTX_set_min_proto_version(server.native_handle(), TLS1_VERSION);
      SSL_CTX_set_security_level(server.native_handle(), 0);
      server.use_certificate_chain_file(certificates().file(name + ".pem"));
      server.use_private_key_file(certificates().file(name + ".key"), ssl::context::pem);
      Stream stream(context, server);
      stream.lowest_layer().assign(asio::ip::tcp::v4(), ::dup(connection.fd()));
      boost::system::error_code error;
      stream.handshake(ssl::stream_base::server, error);
      if (!error) exchange(stream);
    };
  }
  // Serves one exchange. `orderly`: with a close_notify at the end.
  static ScriptedServer::Script tls(const std::string& name, const std::string& answer, bool orderly,
                                    int version_max = TLS1_3_VERSION) {
    const auto exchange = [=](Stream& stream) {
      read_some(stream);
      send(stream, answer, orderly);
    };
    return over_tls(name, exchange, version_max);
  }
  // Returns what is in the next record; empty at the end.
  static std::string read_some(Stream& stream) {
    std::string bytes(65536, '\0');
    boost::system::error_code error;
    bytes.resize(stream.read_some(asio::buffer(bytes), error));
    return bytes;
  }
  static void send(Stream& stream, const std::string& answer, bool orderly) {
    boost::system::error_code error;
    asio::write(stream, asio::buffer(answer), error);
    if (orderly) stream.shutdown(error);
  }
  void SetUp() override { certificates(); }
  void connect_tls(const ScriptedServer& server, const std::string& ca) {
    auto with = config(server.url("https", "localhost"));
    with.ca_file = ca;
    connect(with);
  }
};

TEST_F(HttpsClientTlsTest, AGoodServer) {
  const std::string big(1 << 20, 't');
  ScriptedServer server({tls("localhost", answer_text(big), true)});
  connect_tls(server, certificates().file("ca.pem"));
  const auto event = call(create());
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_TRUE(event.body == big);
}

TEST_F(HttpsClientTlsTest, ASmallTextIsInOneWriteWithItsHead) {
  std::string first;
  ScriptedServer server({over_tls("localhost", [&first](Stream& stream) {
    first = read_some(stream);
    send(stream, answer_text("ok"), true);
  })});
  connect_tls(server, certificates().file("ca.pem"));
  EXPECT_EQ(call(post({"{", "\"a\":1", "}"})).kind, Kind::answer);
  EXPECT_EQ(body_of(first), "{\"a\":1}");
}

TEST_F(HttpsClientTlsTest, ABodyOfSeveralPartsArrivesAsOne) {
  PiecesOpener slices({"a", std::string(300'000, 'b'), "cc"});
  slices.at(1, {"12", "345"});
  const std::vector<core::BodyPart> body{"{", slice(0, 300'003), slice(1, 5), std::string(100'000, 't')};
  const auto expected = slices.bytes(body);
  std::string seen;
  ScriptedServer server({over_tls("localhost", [&](Stream& stream) {
    while (body_of(seen).size() < expected.size()) {
      const auto piece = read_some(stream);
      if (piece.empty()) return;
      seen += piece;
    }
    send(stream, answer_text("ok"), true);
  })});
  connect_tls(server, certificates().file("ca.pem"));
  const auto event = call(post(body), &slices);
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_FALSE(event.early);
  EXPECT_NE(seen.find("Content-Length: 400009\r\n"), seen.npos) << seen.substr(0, 300);
  EXPECT_TRUE(body_of(seen) == expected);
}

TEST_F(HttpsClientTlsTest, ASliceOfTheWrongLengthNeverCompletesTheRequest) {
  for (const auto& pieces : std::vector<std::vector<std::string>>{{"1234"}, {"12345", "6"}, {"12345", "fail"}})
    for (const auto& body : std::vector<std::vector<core::BodyPart>>{
             {slice(0, 5)}, {"begin", slice(0, 5)}, {slice(0, 5), std::string(100'000, 't')}}) {
      std::string seen;
      {
        ScriptedServer server({over_tls("localhost", [&seen](Stream& stream) {
          for (auto piece = read_some(stream); !piece.empty(); piece = read_some(stream)) seen += piece;
        })});
        connect_tls(server, certificates().file("ca.pem"));
        PiecesOpener slices(pieces);
        const auto event = call(post(body), &slices);
        EXPECT_EQ(event.kind, Kind::not_whole) << event.detail;
      }
      EXPECT_LT(body_of(seen).size(), PiecesOpener({"12345"}).bytes(body).size());
    }
}

TEST_F(HttpsClientTlsTest, AResetInTheMiddleOfTheBodyAndOneAfterIt) {
  const std::string large(64 << 20, 'x'), small(500'000, 'y');
  const auto reads = [](std::size_t body_bytes) {
    return [body_bytes](Stream& stream) {
      std::size_t head = 0;
      std::string seen;
      while (head == 0 || seen.size() < head + body_bytes) {
        const auto piece = read_some(stream);
        if (piece.empty()) return;
        seen += piece;
        if (const auto end = seen.find("\r\n\r\n"); end != seen.npos) head = end + 4;
      }
      boost::system::error_code ignored;
      stream.lowest_layer().set_option(asio::socket_base::linger(true, 0), ignored);
    };
  };
  ScriptedServer server({over_tls("localhost", reads(100'000)), over_tls("localhost", reads(small.size()))});
  connect_tls(server, certificates().file("ca.pem"));
  EXPECT_EQ(call(post({large})).kind, Kind::not_whole);
  EXPECT_EQ(call(post({small})).kind, Kind::no_answer);
}

TEST_F(HttpsClientTlsTest, AWrongNameAnUnknownIssuerAndOldVersionsAreNeverSpokenTo) {
  struct Case {
    const char *name, *ca;
    int version;
  };
  for (const auto& [name, ca, version] :
       {Case{"wrong.example", "ca.pem", TLS1_3_VERSION}, Case{"localhost", "other.pem", TLS1_3_VERSION},
        Case{"localhost", "", TLS1_3_VERSION}, Case{"localhost", "ca.pem", TLS1_1_VERSION}}) {
    ScriptedServer server({tls(name, answer_text("x"), true, version)});
    connect_tls(server, *ca ? certificates().file(ca) : "");
    const auto event = call(create());
    EXPECT_EQ(event.kind, Kind::not_sent) << name << " " << ca << " " << version;
    EXPECT_TRUE(event.detail.starts_with("tls: ")) << event.detail;
  }
}

TEST_F(HttpsClientTlsTest, AnAnswerThatTheConnectionsEndDelimitsNeedsAnOrderlyEnd) {
  for (const bool orderly : {true, false}) {
    ScriptedServer server({tls("localhost", "HTTP/1.1 200 OK\r\n\r\nsome", orderly)});
    connect_tls(server, certificates().file("ca.pem"));
    const auto event = call(get());
    EXPECT_EQ(event.kind, orderly ? Kind::answer : Kind::no_answer) << event.detail;
  }
}

TEST_F(HttpsClientTlsTest, SomebodyWhoSpeaksNoTls) {
  ScriptedServer server({[](RawSocket& connection) {
                           connection.read_some();
                           connection.send(answer_text("plain"));
                         },
                         [](RawSocket&) {}});
  connect_tls(server, certificates().file("ca.pem"));
  EXPECT_EQ(call(create()).kind, Kind::not_sent);
  EXPECT_EQ(call(create()).kind, Kind::not_sent);
}

TEST_F(HttpsClientTlsTest, CancelledDuringTheHandshake) {
  ScriptedServer server({[this](RawSocket& connection) {
    connection.read_some();
    asio::post(context_, [this] { stop_.emit(asio::cancellation_type::terminal); });
    connection.read_to_end();
  }});
  connect_tls(server, certificates().file("ca.pem"));
  const auto event = call(create());
  EXPECT_EQ(event.kind, Kind::not_sent);
  EXPECT_EQ(event.detail.find("timed out"), event.detail.npos);
}

TEST_F(HttpsClientTlsTest, AMissingCaFileIsAStartupError) {
  auto with = config("https://localhost");
  with.ca_file = "/no/such/file";
  EXPECT_THROW(connect(with), std::invalid_argument);
}

}  // namespace
}  // namespace batchd::daemon::test
