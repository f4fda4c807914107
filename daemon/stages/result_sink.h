// From the bytes of a result file to recorded outcomes, in bounded memory and bounded transactions. Lines are matched
// by their key alone; bytes are kept verbatim.
#pragma once

#include <memory>
#include <vector>

#include "core/provider.h"
#include "daemon/engine/engine.h"
#include "daemon/stages/lane_use.h"
#include "proto/json/lines.h"

namespace batchd::daemon {

class ResultSink final : public ByteSink {
 public:
  // An error line is no outcome as long as the same file may hold a response for the same key, further down: without
  // `take_errors` they are read and left (errors_left), to be taken when the file is read once more.
  ResultSink(Engine& engine, const core::Batch& batch, const core::Provider& provider, bool take_errors);

  Task<core::Result<void>> write(std::string_view bytes) override;
  // After the last byte of a complete answer: records what is left. False: the file ends inside a line that can't be
  // read, so it was cut (a last line that only lacks its newline is taken). With `take_torn_line` it counts as
  // unreadable instead.
  Task<core::Result<bool>> finish(bool take_torn_line);
  // After a cut answer, or a finish() that wasn't true: drops what wasn't recorded.
  Task<void> abandon();

  std::int64_t lines_read() const { return lines_; }  // with a key of this batch and a readable value
  std::int64_t errors_left() const { return errors_left_; }
  std::int64_t bytes() const { return bytes_; }
  core::LineCounts counts() const { return counts_; }  // foreign and unreadable
  PromptTokens prompts() const { return prompts_; }

 private:
  Task<core::Result<void>> keep(std::string_view fragment);  // in memory up to a chunk, spooled beyond
  Task<core::Result<void>> end_line();
  Task<core::Result<void>> drop_line();
  Task<core::Result<void>> flush();

  Engine& engine_;
  core::BatchId batch_;
  std::unique_ptr<core::ResultLineReader> reader_;
  json::LineSplitter splitter_;
  std::string line_;  // of the line being read, what isn't spooled
  std::int64_t line_bytes_ = 0;
  core::BodyId spooled_;  // its first chunks, if it is longer than one
  std::vector<core::RequestOutcome> outcomes_;
  std::size_t outcome_bytes_ = 0;
  bool take_errors_;
  std::int64_t lines_ = 0;
  std::int64_t errors_left_ = 0;
  std::int64_t bytes_ = 0;
  core::LineCounts counts_;
  PromptTokens prompts_;
};

}  // namespace batchd::daemon
