// Turns the bytes of a job's results into recorded outcomes, in bounded memory and bounded transactions. Lines are
// matched by their wire key alone; their bytes are kept verbatim.
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
  // Without `take_errors`, error lines are only counted (errors_left()): a response for the same key may follow further
  // down. They become outcomes when everything is read once more, with `take_errors`.
  ResultSink(Engine& engine, const core::Batch& batch, const core::Provider& provider, bool take_errors);

  Task<core::Result<void>> write(std::string_view bytes) override;
  // Called after the last byte of a complete answer, once for each of the job's results: records what is left. Returns
  // false if the file ends inside a line that can't be read, which means that the file was cut (a last line that only
  // lacks its newline is taken). With `take_torn_line` such a line counts as unreadable instead.
  Task<core::Result<bool>> finish(bool take_torn_line);
  // Called after a cut answer, or if finish() did not return true: drops what wasn't recorded.
  Task<void> abandon();

  std::int64_t lines_read() const { return lines_; }  // with a key of this batch and a readable value
  std::int64_t errors_left() const { return errors_left_; }
  std::int64_t bytes() const { return bytes_; }
  core::LineCounts counts() const { return counts_; }  // only foreign and unreadable are set
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
  std::string line_;  // the part of the line being read that isn't spooled
  std::int64_t line_bytes_ = 0;
  core::BodyId spooled_;  // the line's first chunks, if it is longer than one chunk
  std::vector<core::RequestOutcome> outcomes_;
  std::size_t outcome_bytes_ = 0;
  bool take_errors_;
  const bool cancelled_;  // the job was cancelled
  std::int64_t lines_ = 0;
  std::int64_t errors_left_ = 0;
  std::int64_t bytes_ = 0;
  core::LineCounts counts_;
  PromptTokens prompts_;
};

}  // namespace batchd::daemon
