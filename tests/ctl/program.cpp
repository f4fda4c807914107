#include "tests/ctl/program.h"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace batchd::ctl {

std::string file_text(const std::string& path) {
  std::ostringstream text;
  std::ifstream file(path, std::ios::binary);
  if (file.peek() != EOF) text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

Ran run_shell(const std::string& arguments, const std::string& before) {
  const auto folder = temporary_folder();
  const bool piped = before.ends_with('|');
  const auto command = (piped ? before : "</dev/null") + " >" + folder + "/out 2>" + folder +
                       "/err env -u BATCHD_SOCKET -u BATCHD_URL -u BATCHD_TOKEN BATCHD_CONFIG=/nonexistent " +
                       (piped ? "" : before) + " " BATCHCTL " " + arguments;
  const int status = std::system(command.c_str());
  Ran ran{WEXITSTATUS(status), file_text(folder + "/out"), file_text(folder + "/err")};
  std::filesystem::remove_all(folder);
  return ran;
}

Ran run(const std::string& socket, const std::string& arguments, const std::string& before) {
  return run_shell("--socket " + socket + ' ' + arguments, before);
}

std::string object(const std::string& state, const std::string& rest) {
  return R"({"id":")" + kId + R"(","key":"k1","model":"m","state":")" + state + '"' + rest + '}';
}

bool starts(const std::string& request, const std::string& line) { return request.rfind(line, 0) == 0; }
std::string first_line(const std::string& request) { return request.substr(0, request.find(" HTTP/1.1")); }
std::string header(const std::string& request, const std::string& name) {
  const auto begin = request.find(name + ": ");
  return begin == std::string::npos ? "" : request.substr(begin, request.find("\r\n", begin) - begin);
}
std::string body(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace batchd::ctl
