#include "emulator/base/blob.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace batchd::emulator {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("writing a temporary file");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

}  // namespace

Blob::~Blob() {
  if (fd_ >= 0) ::close(fd_);
}

void Blob::append(std::string_view bytes) {
  if (fd_ < 0 && size_ + bytes.size() > kMemoryBytesMax) spill();
  if (fd_ < 0) {
    memory_.append(bytes);
  } else {
    write_all(fd_, bytes, size_);
  }
  size_ += bytes.size();
}

void Blob::append(const Blob& other) {
  std::string piece(64 << 10, '\0');
  for (std::uint64_t at = 0; at < other.size();) {
    const auto got = other.read(at, piece);
    append(std::string_view(piece).substr(0, got));
    at += got;
  }
}

void Blob::truncate(std::uint64_t size) {
  if (size >= size_) return;
  size_ = size;
  if (fd_ < 0) {
    memory_.resize(size);
  } else if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
    fail("cutting a temporary file");
  }
}

std::size_t Blob::read(std::uint64_t offset, std::span<char> out) const {
  if (offset >= size_) return 0;
  const auto n = std::min<std::uint64_t>(out.size(), size_ - offset);
  if (fd_ < 0) {
    std::memcpy(out.data(), memory_.data() + offset, n);
    return n;
  }
  for (;;) {
    const auto got = ::pread(fd_, out.data(), n, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("reading a temporary file");
    return static_cast<std::size_t>(got);
  }
}

void Blob::spill() {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder ? folder : "/tmp") + "/gemini-emulator.XXXXXX";
  fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) fail("making a temporary file");
  ::unlink(path.c_str());
  write_all(fd_, memory_, 0);
  memory_ = std::string();
}

bool LineReader::next(std::string& line) {
  std::size_t searched = begin_;
  for (;;) {
    const auto end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      line.assign(buffer_, begin_, end - begin_);
      begin_ = end + 1;
      ++line_number_;
      return true;
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    searched = buffer_.size();
    buffer_.resize(searched + (256 << 10));
    const auto got = blob_.read(offset_, std::span(buffer_).subspan(searched));
    buffer_.resize(searched + got);
    offset_ += got;
    if (got == 0) break;
  }
  if (buffer_.empty()) return false;
  line = std::move(buffer_);
  buffer_.clear();
  ++line_number_;
  return true;
}

}  // namespace batchd::emulator
