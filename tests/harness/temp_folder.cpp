#include "tests/harness/temp_folder.h"

#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace batchd::harness {

TempFolder::TempFolder() {
  auto pattern = (std::filesystem::temp_directory_path() / "batchd-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("can't make a folder like " + pattern);
  path_ = pattern;
  using std::filesystem::perms;
  std::filesystem::permissions(
      path_, perms::owner_all | perms::group_read | perms::group_exec | perms::others_read | perms::others_exec);
}

TempFolder::~TempFolder() {
  if (keep_) {
    std::fprintf(stderr, "kept for a look: %s\n", path_.c_str());
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("can't write " + path);
}

}  // namespace batchd::harness
