// The three descriptors that a program is started with, and may be started without.
#pragma once

namespace batchd::ctl {

struct StandardDescriptors {
  bool valid = true;  // 0 to 2 are all open
  bool output_written =
      true;  // what goes to standard output arrives somewhere; if not, it is closed or for reading only
};

// Opens /dev/null for each descriptor from 0 to 2 that is closed: else the next file or socket that is opened would be
// in its place, and results would be written into it. The same for a standard output that can't be written. Call this
// before anything else is opened.
StandardDescriptors make_descriptors_valid();

}  // namespace batchd::ctl
