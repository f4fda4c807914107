#include "tests/harness/emulator.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace batchd::harness {

Emulator::Emulator(const TempFolder& folder, const EmulatorSettings& settings) : ledger_(folder.file("ledger.jsonl")) {
  const auto port_file = folder.file("port");
  Command command{.binary = EMULATOR_BINARY,
                  .arguments = {"--port", "0", "--port-file", port_file, "--ledger", folder.file("ledger.jsonl"),
                                "--job-seconds", std::to_string(settings.job_seconds)},
                  .environment = {},
                  .output = folder.file("emulator.log")};
  command.arguments.insert(command.arguments.end(), settings.arguments.begin(), settings.arguments.end());
  if (!settings.faults.empty()) {
    write_file(folder.file("faults.json"), settings.faults);
    command.arguments.insert(command.arguments.end(), {"--faults", folder.file("faults.json")});
  }
  process_.emplace(Process::start(command));
  std::string port;
  eventually([&] {
    port = read_file(port_file);
    return !port.empty() || !process_->running();
  });
  if (port.empty()) throw std::runtime_error("the emulator didn't start: " + read_file(command.output));
  port.erase(port.find_last_not_of('\n') + 1);
  url_ = "http://127.0.0.1:" + port;
  port_ = std::atoi(port.c_str());
}

int Emulator::post(const std::string& target, const std::string& body) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  const std::string call = "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\nx-goog-api-key: test-key\r\n\r\n" + body;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, call.data(), call.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(call.size())) {
    char buffer[4096];
    for (ssize_t n; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return answer.starts_with("HTTP/1.1 ") ? std::atoi(answer.c_str() + 9) : 0;
}

}  // namespace batchd::harness
