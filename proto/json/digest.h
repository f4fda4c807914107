// SHA-256 (OpenSSL), incremental.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace batchd::json {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  std::string finish();  // 32 raw bytes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string sha256(std::string_view bytes);  // 32 raw bytes
std::string hex(std::string_view bytes);     // lower case

// Returns the first 16 hexadecimal digits of the SHA-256, which tell secrets apart without showing them.
std::string fingerprint(std::string_view secret);

}  // namespace batchd::json
