// Tells a prompt on the command line from the name of a file: a name that is sent as a prompt is paid for.
#pragma once

#include <string>

namespace batchd::ctl {

// Returns true for the name of a file of requests, FILE.jsonl. A prompt may end so as well, but then it has words
// before it.
bool names_lines(const std::string& text);

// Returns why the text is taken for the name of a file, and what to write instead, for people; empty if it is a prompt.
// It is a file's name if there is such a file or folder, if it begins with @, or if it looks like a path.
std::string file_name_fault(const std::string& text);

}  // namespace batchd::ctl
