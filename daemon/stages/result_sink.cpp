#include "daemon/stages/result_sink.h"

#include "core/limits.h"
#include "daemon/net/log.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kOutcomesPerVerb = 1000;  // at about 1 KiB each, a few ms between two acknowledgements

}  // namespace

ResultSink::ResultSink(Engine& engine, const core::Batch& batch, const core::Provider& provider, bool take_errors)
    : engine_(engine),
      batch_(batch.id),
      reader_(provider.result_reader()),
      take_errors_(take_errors),
      cancelled_(batch.end == core::JobEnd::cancelled) {}

Task<core::Result<void>> ResultSink::write(std::string_view bytes) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  // The splitter calls back for fragments and line ends in order. They are collected, because handling one may wait for
  // the store, which a callback can't.
  struct Event {
    std::string_view fragment;
    bool line_end;
  };
  std::vector<Event> events;
  splitter_.feed(
      bytes,
      [&](std::string_view fragment) {
        events.push_back({fragment, false});
      },
      [&] {
        events.push_back({{}, true});
      });
  for (const auto& event : events) {
    if (event.line_end) {
      if (auto done = co_await end_line(); !done) co_return done;
    } else if (auto kept = co_await keep(event.fragment); !kept) {
      co_return kept;
    }
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> ResultSink::keep(std::string_view fragment) {
  line_bytes_ += static_cast<std::int64_t>(fragment.size());
  reader_->feed(fragment);
  if (line_bytes_ > core::kResultLineBytesMax) co_return co_await drop_line();
  line_ += fragment;
  while (line_.size() > core::kChunkBytesMax) {
    if (!spooled_) {
      auto begun =
          co_await engine_.store.outcome(&core::Store::spool_begin, core::SpoolPurpose::result, core::OwnerId{});
      if (!begun) co_return begun.error();
      spooled_ = *begun;
    }
    const auto chunk = std::string_view(line_).substr(0, core::kChunkBytesMax);
    auto appended = co_await engine_.store.outcome(&core::Store::spool_append, spooled_, chunk);
    if (!appended) co_return appended;
    line_.erase(0, core::kChunkBytesMax);
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> ResultSink::drop_line() {
  line_.clear();
  if (spooled_) {
    auto discarded = co_await engine_.store.outcome(&core::Store::spool_discard, std::exchange(spooled_, {}));
    if (!discarded) co_return discarded;
  }
  co_return core::Result<void>();
}

Task<core::Result<void>> ResultSink::end_line() {
  auto line = reader_->end_line();
  const bool too_long = line_bytes_ > core::kResultLineBytesMax;
  const bool blank = line_bytes_ == 0;
  line_bytes_ = 0;
  if (blank) co_return core::Result<void>();
  if (line.key && line.key->batch != batch_) {
    ++counts_.foreign;
    co_return co_await drop_line();
  }
  if (!line.key || line.kind == core::ResultLine::Kind::unreadable || too_long) {
    ++counts_.unreadable;
    co_return co_await drop_line();
  }
  // Requests that a cancelled job hadn't run yet have been seen with a line of such an error: they have no result.
  const bool not_run =
      line.kind == core::ResultLine::Kind::error && cancelled_ &&
      (line.error.kind == core::ErrorClass::internal || line.error.kind == core::ErrorClass::cancelled);
  if (not_run) co_return co_await drop_line();
  ++lines_;
  if (line.prompt_tokens) {
    ++prompts_.lines;
    prompts_.tokens += *line.prompt_tokens;
  }
  if (line.kind == core::ResultLine::Kind::error && !take_errors_) {
    ++errors_left_;
    co_return co_await drop_line();
  }
  core::RequestOutcome outcome;
  outcome.request = line.key->request;
  outcome.success = line.kind == core::ResultLine::Kind::success;
  if (outcome.success) {
    if (spooled_) {
      auto appended = co_await engine_.store.outcome(&core::Store::spool_append, spooled_, std::string_view(line_));
      if (!appended) co_return appended;
      outcome.spooled = std::exchange(spooled_, {});
      line_.clear();
    }
    outcome.line = std::exchange(line_, {});
    outcome.value_offset = line.value_offset;
    outcome.value_bytes = line.value_bytes;
  } else {
    outcome.again = core::after_line_error(line.error.kind) == core::Again::requeue;
    outcome.error = std::move(line.error);
    if (auto dropped = co_await drop_line(); !dropped) co_return dropped;
  }
  outcome_bytes_ += outcome.line.size() + outcome.error.message.size() + outcome.error.body.size();
  outcomes_.push_back(std::move(outcome));
  if (outcomes_.size() >= kOutcomesPerVerb || outcome_bytes_ >= core::kVerbBytesMax) co_return co_await flush();
  co_return core::Result<void>();
}

Task<core::Result<void>> ResultSink::flush() {
  if (outcomes_.empty()) co_return core::Result<void>();
  auto recorded = co_await engine_.store.outcome(&core::Store::record_outcomes, batch_,
                                                 std::span<const core::RequestOutcome>(outcomes_),
                                                 engine_.max_attempts(), engine_.clock.wall());
  if (!recorded) co_return recorded.error();
  outcomes_.clear();
  outcome_bytes_ = 0;
  engine_.announce(*recorded);
  co_return core::Result<void>();
}

Task<core::Result<bool>> ResultSink::finish(bool take_torn_line) {
  if (line_bytes_ > 0) {
    const auto unreadable_before = counts_.unreadable;
    if (auto ended = co_await end_line(); !ended) co_return ended.error();
    if (counts_.unreadable > unreadable_before && !take_torn_line) co_return false;
  }
  if (auto flushed = co_await flush(); !flushed) co_return flushed.error();
  co_return true;
}

Task<void> ResultSink::abandon() {
  for (const auto& outcome : outcomes_)
    if (outcome.spooled) co_await engine_.store.outcome(&core::Store::spool_discard, outcome.spooled);
  outcomes_.clear();
  co_await drop_line();
}

}  // namespace batchd::daemon
