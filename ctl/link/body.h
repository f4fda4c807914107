// Request and answer bodies that are never in memory as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::ctl {

// A body to send.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual std::optional<std::uint64_t> size() const = 0;  // nullopt if unknown: sent in chunks
  virtual bool rewind() = 0;                              // returns false if it can't be sent again
  // Reads up to `size` bytes and returns how many; 0 at the end, nullopt if reading failed.
  virtual std::optional<std::size_t> read(char* buffer, std::size_t size) = 0;
};

// Receives a body.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual void begin(std::optional<std::uint64_t> /*total*/) {}  // called for every answer, before its first byte
  virtual bool take(std::string_view fragment) = 0;              // returns false to stop; the connection is closed
};

// A file, or standard input ("-"). A regular file has a size and can be sent again.
class FileSource : public BodySource {
 public:
  ~FileSource() override;
  FileSource() = default;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  bool open(const std::string& path);  // returns false on failure (errno)
  bool is_regular() const { return size_.has_value(); }

  std::optional<std::uint64_t> size() const override { return size_; }
  bool rewind() override;
  std::optional<std::size_t> read(char* buffer, std::size_t size) override;

  std::uint64_t done() const { return done_; }
  bool failed() const { return failed_; }  // true if a read failed: sending again won't help

 private:
  int fd_ = -1;
  std::optional<std::uint64_t> size_;
  std::int64_t start_ = 0;
  std::uint64_t done_ = 0;
  bool failed_ = false;
};

}  // namespace batchd::ctl
