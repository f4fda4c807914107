// A body is the bytes of its parts, and never ends before all of them have proved to have their length.
#include <future>

#include "tests/daemon/provider/https_client_fixture.h"

namespace batchd::daemon::test {
namespace {

using Body = std::vector<core::BodyPart>;

std::string length_line(std::size_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

TEST_F(HttpsClientTest, BodiesOfSeveralPartsArriveAsOne) {
  PiecesOpener slices({"a", std::string(300'000, 'b'), "cc"});
  slices.at(1, {"12", "345"}).at(2, {}).at(3, {std::string(64 << 10, 'e')});
  const auto large = slice(0, 300'003), small = slice(1, 5), nothing = slice(2, 0), even = slice(3, 64 << 10);
  const std::string text(200'000, 't');
  for (const auto& body : std::vector<Body>{{large},
                                            {small},
                                            {even},
                                            {nothing},
                                            {""},
                                            {"{", large, "}"},
                                            {"{", small, "}"},
                                            {"{", even, "}"},
                                            {large, small},
                                            {small, large},
                                            {large, large, "\n", even, even},
                                            {large, "end"},
                                            {small, text},
                                            {text, small},
                                            {text, large, text},
                                            {text, text},
                                            {"a", "b", "c"},
                                            {nothing, "a", nothing},
                                            {"", nothing, large, "", nothing},
                                            {std::string(64 << 10, 'x')},
                                            {std::string((64 << 10) + 1, 'y')},
                                            {text}}) {
    const auto expected = slices.bytes(body);
    std::string seen;
    core::HttpEvent event;
    {
      ScriptedServer server({[&](RawSocket& connection) {
        seen = read_request(connection, expected.size());
        connection.send(answer_text("ok"));
        seen += connection.read_to_end();
      }});
      connect(server.url());
      event = call(post(body), &slices);
    }
    EXPECT_EQ(event.kind, Kind::answer) << event.detail;
    EXPECT_FALSE(event.early);
    EXPECT_NE(seen.find(length_line(expected.size())), seen.npos) << seen.substr(0, 300);
    EXPECT_TRUE(body_of(seen) == expected) << body.size() << " part(s), " << expected.size() << " bytes";
  }
}

TEST_F(HttpsClientTest, WithoutABodyThereIsALengthForPostOnly) {
  std::vector<std::string> seen;
  const auto script = [&seen](RawSocket& connection) {
    seen.push_back(connection.read_until("\r\n\r\n"));
    connection.send(answer_text("ok"));
  };
  ScriptedServer server({script, script});
  connect(server.url());
  EXPECT_EQ(call(post({})).kind, Kind::answer);
  EXPECT_EQ(call(get()).kind, Kind::answer);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_NE(seen[0].find(length_line(0)), seen[0].npos) << seen[0];
  EXPECT_EQ(seen[1].find("Content-Length"), seen[1].npos) << seen[1];
}

// The head needs several writes, so that its end could be taken for what comes before a body.
TEST_F(HttpsClientTest, ALargeHeadBeforeAnEmptyBodyIsTheWholeRequest) {
  PiecesOpener slices({});
  ScriptedServer server({answers(answer_text("ok"))});
  connect(server.url());
  auto request = post({"", slice(0, 0)});
  request.headers = {{"X", std::string(100'000, 'h')}};
  const auto event = call(request, &slices);
  EXPECT_EQ(event.kind, Kind::answer) << event.detail;
  EXPECT_FALSE(event.early);
}

TEST_F(HttpsClientTest, ASliceOfTheWrongLengthNeverCompletesTheRequest) {
  const auto bad = slice(0, 5), good = slice(1, 3), nothing = slice(2, 0);
  const std::string text(200'000, 't');
  for (const auto& body : std::vector<Body>{{bad},
                                            {bad, "end"},
                                            {bad, text},
                                            {"begin", bad},
                                            {text, bad},
                                            {"begin", bad, "end"},
                                            {bad, good},
                                            {good, bad},
                                            {good, bad, "end"},
                                            {bad, ""},
                                            {bad, nothing}})
    for (const auto& pieces : std::vector<std::vector<std::string>>{{},
                                                                    {"1234"},
                                                                    {"12345", "6"},
                                                                    {"123", "456"},
                                                                    {"123456"},
                                                                    {"12", "fail"},
                                                                    {"12345", "fail"},
                                                                    {"12345", text}}) {
      std::string seen;
      std::size_t declared = 0;
      {
        ScriptedServer server({[&seen](RawSocket& connection) { seen = connection.read_to_end(); }});
        connect(server.url());
        PiecesOpener right({"12345"});
        declared = right.at(1, {"abc"}).at(2, {}).bytes(body).size();
        PiecesOpener slices(pieces);
        slices.at(1, {"abc"}).at(2, {});
        const auto event = call(post(body), &slices);
        EXPECT_EQ(event.kind, Kind::not_whole) << event.detail;
        EXPECT_NE(event.detail.find("slice"), event.detail.npos) << event.detail;
      }
      EXPECT_LT(body_of(seen).size(), declared);
    }
}

// The server could take it for the rest of the body, and the request for whole.
TEST_F(HttpsClientTest, ASurplusIsNotSentInPlaceOfWhatFollows) {
  bool asked = false;
  ScriptedServer server({[](RawSocket& connection) { connection.read_to_end(); }});
  connect(server.url());
  PiecesOpener slices({"12345", std::string(200'000, 's'), "fail"}, [&asked] { asked = true; });
  const auto event = call(post({slice(0, 5), std::string(100'000, 't')}), &slices);
  EXPECT_EQ(event.kind, Kind::not_whole);
  EXPECT_FALSE(asked) << "the call went on after the surplus";
}

TEST_F(HttpsClientTest, AnEmptySliceThatIsNoneHoldsTheEndBack) {
  ScriptedServer server({[](RawSocket& connection) { EXPECT_EQ(connection.read_to_end(), ""); },
                         [](RawSocket& connection) { EXPECT_LT(body_of(connection.read_to_end()).size(), 200'000u); }});
  connect(server.url());
  PiecesOpener slices({"surplus"});
  EXPECT_EQ(call(post({"text", slice(0, 0)}), &slices).kind, Kind::not_sent);
  EXPECT_EQ(call(post({std::string(200'000, 't'), slice(0, 0)}), &slices).kind, Kind::not_whole);
}

// What has arrived is looked at in the moment when the client asks whether the slice ends: later, its reset would hide
// it.
TEST_F(HttpsClientTest, TheLastByteWaitsUntilEverySliceHasEnded) {
  const auto first = slice(0, 5), second = slice(1, 5), nothing = slice(2, 0);
  for (const auto& body :
       std::vector<Body>{{first}, {first, ""}, {first, nothing}, {"begin", first}, {second, first}}) {
    std::promise<int> accepted;
    const auto socket = accepted.get_future().share();
    std::promise<void> looked;
    ScriptedServer server({[&](RawSocket& connection) {
      accepted.set_value(connection.fd());
      looked.get_future().wait_for(std::chrono::seconds(30));
    }});
    connect(server.url());
    std::string arrived;
    PiecesOpener slices({"123", "4Z", "fail"}, [&] {
      arrived.resize(65536);
      const auto got = ::recv(socket.get(), arrived.data(), arrived.size(), MSG_PEEK | MSG_DONTWAIT);
      arrived.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    });
    slices.at(1, {"12", "345"}).at(2, {});
    const auto event = call(post(body), &slices);
    looked.set_value();
    EXPECT_EQ(event.kind, Kind::not_whole);
    EXPECT_NE(arrived.find("\r\n\r\n"), arrived.npos);
    EXPECT_EQ(body_of(arrived).find('Z'), arrived.npos) << "the last byte was sent before its slice was known to end";
  }
}

}  // namespace
}  // namespace batchd::daemon::test
