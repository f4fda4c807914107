// Writes small JSON by hand: no number is ever re-printed, no value copied through a document model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::json {

// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD; control characters are escaped.
void append_string(std::string& out, std::string_view text);

// Appends members and elements with the commas in place. The caller must match begin and end calls.
//   Writer w(out); w.begin_object(); w.key("id"); w.string(id); w.key("n"); w.number(3); w.end_object();
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view text);
  void number(std::int64_t value);
  void boolean(bool value);
  void null();
  void raw(std::string_view json);  // appends one complete value verbatim

 private:
  void separate();
  std::string& out_;
  bool first_ = true;       // no comma before the next element
  bool after_key_ = false;  // a key was written: its value comes next
};

}  // namespace batchd::json
