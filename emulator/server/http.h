// A call and its answer, as the server hands them to the API. No sockets here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/base/blob.h"
#include "emulator/faults/faults.h"
#include "emulator/server/net.h"

namespace batchd::emulator {

struct Request {
  std::string method;
  std::string path;                            // percent-decoded, without the query
  std::map<std::string, std::string> query;    // percent-decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::uint64_t content_length = 0;            // 0 if absent

  std::string_view header(const std::string& lower_case_name) const;  // empty if absent
  std::string_view parameter(const std::string& name) const;          // empty if absent
};

// Sets path and query from a request target.
void set_target(Request& request, std::string_view target);

// A body that is read from the connection. read() throws boost::system::system_error if the connection breaks.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual Task<std::size_t> read(std::span<char> out) = 0;  // returns 0 at the end
};

struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=UTF-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<const Blob> blob;   // replaces `body` if set
  std::shared_ptr<const Blob> inset;  // goes into `body` at each inset_mark(), once the answer is complete
  std::vector<std::string> pieces;    // likewise: a stream, each piece sent by itself, without Content-Length
};

// Returns what stands in a JSON body for the bytes of `inset`: a JSON string that no other text of this process has.
const std::string& inset_mark();
// Puts `inset` into the body, which may become larger than memory.
void put_insets(Response& response);

Response plain_text(int http_status, std::string_view text);
Response json_text(int http_status, std::string body);

// What happens to the connection: normally the answer is written, but faults have other endings.
struct HandledCall {
  enum class Ending { answer, reset, close, hold, reset_after_hold, wrong_answer };

  Response response;
  Ending ending = Ending::answer;
  double hold_seconds = 0;           // hold, reset_after_hold: silence, then the connection is closed or reset
  std::optional<Rule> wire;          // wrong_answer: how the answer is written
  std::function<Task<void>()> then;  // run when the connection is over; may be empty
};

class Application {
 public:
  virtual ~Application() = default;
  // Called when the header was read; reads as much of the body as it needs.
  virtual Task<HandledCall> handle(const Request& request, BodySource& body) = 0;
  // Called when a connection was accepted; returns the fault of kind On::connection that it meets.
  virtual std::optional<Rule> accepted() = 0;
};

}  // namespace batchd::emulator
