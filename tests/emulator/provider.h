// An emulator on its own thread, and a small blocking client to talk to it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "emulator/base/dom.h"
#include "emulator/emulator.h"

namespace batchd::emulator {

struct Reply {
  bool broken = false;  // the connection ended before the answer did
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// What came over a connection until it ended.
struct Bytes {
  std::string text;
  bool reset = false;      // ended by a reset, not by a close
  bool timed_out = false;  // didn't end in time
};

using Headers = std::map<std::string, std::string>;

class Provider {
 public:
  // `faults`: the text of a fault file, or nothing.
  explicit Provider(std::string_view faults = {}, Options options = {.job_seconds = 0.04});
  ~Provider();

  Reply call(const std::string& method, const std::string& target, std::string_view body = {}, Headers headers = {},
             const std::string& key = "k");
  // Sends these bytes on a connection of their own and gives back whatever comes, up to `bytes_max`, until it ends.
  Bytes raw(std::string_view request, std::size_t bytes_max = 256 << 20);
  // A call with its connection asked to end, as raw bytes.
  Bytes raw_call(const std::string& method, const std::string& target, std::string_view body = {});
  // Sends the header and only a part of what it promises, then breaks the connection.
  void call_and_vanish(const std::string& target, std::string_view body, std::size_t sent, Headers headers);

  std::string start_upload(const std::string& metadata = "{}", const std::string& key = "k");  // the upload's target
  Reply chunk(const std::string& target, const std::string& command, std::size_t offset, std::string_view bytes);
  std::string upload(std::string_view bytes, const std::string& key = "k");  // "files/..."
  Reply create(const std::string& file, const std::string& token = "token",
               const std::string& model = "gemini-2.5-flash", const std::string& key = "k");
  std::string create_job(const std::string& file, const std::string& token = "token");  // "batches/..."
  // Polls until the job's operation has this value there (bounded); the operation.
  std::string wait_for(const std::string& job, const std::string& path, const std::string& value);
  std::string end_of(const std::string& job);
  Reply download(const std::string& job);
  // Upload, create, wait, download: the lines of the result.
  std::vector<std::string> run(std::string_view input);

  std::string ledger_path() const { return (folder_ / "ledger.jsonl").string(); }
  std::vector<std::string> ledger(std::string_view event) const;  // the rows of this event

 private:
  std::filesystem::path folder_;
  asio::io_context context_;
  std::unique_ptr<Emulator> emulator_;
  std::thread thread_;
};

// "a.b.c" of a JSON text, strings without quotes; "" if there is none.
std::string at(const std::string& json, const std::string& path);
// Returns the text of a fault file that has these rules, which are objects of JSON separated by commas.
std::string fault_rules(const std::string& rules);
// Returns how many jobs the provider has made, by its ledger.
std::size_t jobs_made(const Provider& provider);
// A line of an input file.
std::string line(const std::string& key, const std::string& text);

}  // namespace batchd::emulator
