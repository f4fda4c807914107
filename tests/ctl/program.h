// Runs batchctl as a shell does, and finds parts of the calls that it made.
#pragma once

#include <string>

#include "tests/ctl/fake_server.h"

namespace batchd::ctl {

inline const std::string kId = "01abcdefghjkm";

struct Ran {
  int code;
  std::string out, err;
};
// `before`: put in front of the command, such as "echo x |" or "TOKEN=...".
Ran run_shell(const std::string& arguments, const std::string& before = {});
Ran run(const std::string& socket, const std::string& arguments, const std::string& before = {});

std::string file_text(const std::string& path);
void write_file(const std::string& path, const std::string& text);

// A request object of kId in this state; `rest` begins with a comma.
std::string object(const std::string& state, const std::string& rest = {});
inline const std::string kResponse =
    R"(,"response":{"candidates":[{"content":{"parts":[{"text":"four "},{"text":"legs"}]}}],"n":1.50})";
inline const std::string kError =
    R"(,"error":{"code":3,"status":"INVALID_ARGUMENT","message":"no","source":"provider"})";

bool starts(const std::string& request, const std::string& line);
std::string first_line(const std::string& request);  // without " HTTP/1.1"
std::string header(const std::string& request, const std::string& name);
std::string body(const std::string& request);
bool contains(const std::string& text, const std::string& part);

}  // namespace batchd::ctl
