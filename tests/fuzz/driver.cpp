// Runs a fuzz target without libFuzzer: every file of a corpus, then mutations of them, the same ones each time.
//   fuzz_NAME [-runs=N] [-seed=N] FOLDER
// An input that makes a target fail is left in ./fuzz-crash.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

constexpr std::size_t kBytesMax = 4096;
constexpr std::string_view kTokens[] = {
    "{",    "}",    "[",  "]",  "\"",   "\\",           ":",    ",",       "\\u00e9", "\\ud83d\\ude00", "null",
    "true", "1e99", "-0", "\n", "\r\n", "\xE2\x80\xA8", "\xFF", "{\"a\":", "\"key\""};

std::string current;

void leave_crash(int signal) {
  const int fd = ::open("fuzz-crash", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd >= 0 && ::write(fd, current.data(), current.size()) >= 0) ::close(fd);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string bytes) {
  current = std::move(bytes);
  const void* data = current.data();
  LLVMFuzzerTestOneInput(static_cast<const std::uint8_t*>(data), current.size());
}

class Mutations {
 public:
  Mutations(const std::vector<std::string>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  std::string next() {
    auto bytes = corpus_[below(corpus_.size())];
    for (auto left = 1 + below(4); left > 0; --left) mutate(bytes);
    if (bytes.size() > kBytesMax) bytes.resize(kBytesMax);
    return bytes;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  void mutate(std::string& bytes) {
    const auto at = below(bytes.size() + 1);
    const auto count = std::min(bytes.size() - at, 1 + below(16));
    switch (below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random_());
        break;
      case 1:
        bytes.erase(at, count);
        break;
      case 2:
        bytes.insert(at, kTokens[below(std::size(kTokens))]);
        break;
      case 3:
        bytes.insert(below(bytes.size() + 1), bytes.substr(at, count));
        break;
      case 4:
        bytes.resize(at);
        break;
      case 5: {
        const auto& other = corpus_[below(corpus_.size())];
        bytes.replace(at, count, other.substr(below(other.size() + 1), 1 + below(64)));
        break;
      }
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

std::vector<std::string> read_corpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned long runs = 10'000;
  unsigned long seed = 1;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("-runs=")) {
      runs = std::stoul(argument.substr(6));
    } else if (argument.starts_with("-seed=")) {
      seed = std::stoul(argument.substr(6));
    } else {
      folder = argument;
    }
  }
  const auto corpus = folder.empty() ? std::vector<std::string>() : read_corpus(folder);
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus: name a folder with files\n");
    return 1;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(signal, leave_crash);
  run("");
  for (const auto& bytes : corpus) run(bytes);
  Mutations mutations(corpus, seed);
  for (unsigned long i = 0; i < runs; ++i) run(mutations.next());
  std::printf("%zu files and %lu mutations\n", corpus.size(), runs);
  return 0;
}
