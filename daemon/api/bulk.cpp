#include "daemon/api/bulk.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <span>

#include "core/limits.h"
#include "daemon/api/calls.h"
#include "daemon/api/lane.h"
#include "daemon/api/reply.h"
#include "daemon/http/text.h"

namespace batchd::daemon {
namespace {

constexpr std::string_view kSendAgain = "send it again under the same group: what was stored is not stored twice";

void break_off(Problem& problem, const proto::BulkReport& report) {
  problem.members = proto::bulk_counts(report);
  if (problem.hint.empty()) problem.hint = kSendAgain;
}

Problem problem_of_form(const proto::SubmissionFault& fault) {
  auto problem = problem_of_fault(fault);
  problem.hint =
      "nothing of it was stored; send it again in the form of docs/api.md, \"A file of requests in one call\"";
  return problem;
}

// Reads the next piece of the body. Fails with Errc::stopping as soon as the daemon stops, since the client may take
// for ever to send the rest.
Task<core::Result<std::string>> read_piece(Exchange& exchange, BulkIntake& intake, const Engine& engine,
                                           Waiters::Ticket& stop) {
  using namespace asio::experimental::awaitable_operators;
  const auto never = engine.clock.steady() + std::chrono::hours(24 * 365);
  if (!engine.stopping) {
    auto read = co_await (intake.read_body(exchange) || stop.wait_until(never));
    if (read.index() == 0) co_return std::get<0>(std::move(read));
  }
  co_return core::Error{core::Errc::stopping, ""};
}

}  // namespace

std::optional<Problem> read_bulk_options(const RequestHead& head, Engine& engine, BulkOptions& options) {
  if (!idempotency_key(head).empty())
    return make_problem(400, "bad_idempotency_key",
                        "a file of requests has no Idempotency-Key: its group and the line's number make each line one "
                        "request, however often it is sent",
                        false, "leave the header out");
  if (auto problem = account_header_unread(head)) return problem;
  if (auto problem =
          check_parameters(head, {"model", "group", "channel", "account", "endpoint", "deadline", "on_deadline"}))
    return problem;
  for (const std::string_view needed : {"model", "group"})
    if (!head.query_value(needed))
      return make_problem(400, "missing_parameter",
                          "a bulk submission needs the parameter \"" + std::string(needed) + '"');
  options.group = *head.query_value("group");
  if (!proto::is_channel_name(options.group))
    return make_problem(400, "bad_group",
                        "\"group\" must be 1 to 128 bytes of UTF-8 without control characters and \"/\"");
  options.submission.channel = options.group;
  options.deadline = head.query_value("deadline").value_or("");
  for (const auto& [name, value] : head.query) {
    if (name == "group") continue;
    if (const auto fault = proto::set_option(options.submission, name, value)) return problem_of_fault(*fault);
  }
  if (const auto fault = proto::check_options(options.submission)) return problem_of_fault(*fault);
  auto lane = lane_of(engine, options.submission);
  if (auto* problem = std::get_if<Problem>(&lane)) return std::move(*problem);
  options.lane = std::get<core::Lane>(std::move(lane));
  options.rules = &rules_of(engine, options.lane);
  // The line digest takes these as they are stored, however the caller wrote them.
  options.submission.endpoint = options.lane.endpoint;
  options.submission.model = options.lane.model;
  return std::nullopt;
}

BulkIntake::BulkIntake(Engine& engine, core::OwnerId owner, BulkOptions options)
    : engine_(engine),
      owner_(owner),
      options_(std::move(options)),
      deadline_(options_.submission.deadline ? std::optional(options_.submission.deadline->from(engine.clock.wall()))
                                             : std::nullopt),
      form_(options_.lane.endpoint),
      spool_(engine.store, engine.body_seats, owner) {
  report_.group = options_.group;
  report_.channel = options_.submission.channel;
}

Task<std::optional<Problem>> BulkIntake::take(std::string_view piece) {
  if (!form_.decided())
    if (const auto fault = form_.take(piece)) co_return problem_of_form(*fault);
  std::optional<Problem> problem;
  while (!piece.empty() && !problem) {
    const auto end = piece.find('\n');
    feed(piece.substr(0, end));
    if (line_ && !faulty_) {
      auto taken = co_await spool_.take(line_->request, pending_bytes_);
      if (!taken) problem = problem_of(taken.error());
    }
    if (problem || end == std::string_view::npos) break;
    piece.remove_prefix(end + 1);
    problem = co_await end_line();
  }
  co_return problem;
}

void BulkIntake::feed(std::string_view fragment) {
  if (faulty_ || fragment.empty()) return;
  blank_ = blank_ && fragment.find_first_not_of(" \t\r") == std::string_view::npos;
  if (!line_) line_.emplace(*options_.rules).request.owner = owner_;
  auto& body = line_->request.body;
  const auto before = body.size();
  faulty_ = !line_->reader.feed(fragment, body);
  const auto added = std::string_view(body).substr(before);
  line_->digest.update(added);
  line_->bytes += std::ssize(added);
}

Task<std::optional<Problem>> BulkIntake::end_line() {
  auto line = std::exchange(line_, std::nullopt);
  const auto number = number_++;
  faulty_ = false;
  if (std::exchange(blank_, true)) co_return std::nullopt;
  ++report_.lines;
  const auto read = line->reader.finish();
  auto& request = line->request;
  if (!read) {
    const auto& fault = line->reader.fault();
    report_.refuse({number, fault.code, fault.detail});
    co_await spool_.discard(request);
    co_return std::nullopt;
  }
  auto said = options_.submission;
  said.key = read->key;
  request.lane = options_.lane;
  request.key = read->key;
  request.channel = said.channel;
  request.deadline = deadline_;
  request.fail_at_deadline = said.fail_at_deadline.value_or(false);
  request.tokens = read->tokens;
  // Added to the pending lines before it is finished, so that drop() discards its spooled body whatever happens.
  pending_.push_back({.number = number,
                      .digest = proto::line_digest(said, options_.deadline, line->digest.finish()),
                      .request = std::move(request)});
  pending_bytes_ += line->bytes;
  auto finished = co_await spool_.finish(pending_.back().request);
  if (!finished) co_return problem_of(finished.error());
  const bool full =
      pending_bytes_ >= static_cast<std::int64_t>(core::kChunkBytesMax) || std::ssize(pending_) >= core::kGroupLinesMax;
  if (full) co_return co_await submit();
  co_return std::nullopt;
}

Task<std::optional<Problem>> BulkIntake::submit() {
  if (pending_.empty()) co_return std::nullopt;
  if (engine_.stopping) co_return stopping_problem();
  const std::span<const core::GroupLine> lines(pending_);
  const auto answers =
      co_await engine_.store.intake(&core::Store::accept_lines, owner_, options_.group, lines, engine_.clock.wall());
  if (!answers) co_return problem_of(answers.error());
  co_await settle(*answers);
  co_return std::nullopt;
}

Task<void> BulkIntake::settle(const std::vector<core::LineAccepted>& answers) {
  const auto accepted_before = report_.accepted;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& line = pending_[i];
    switch (answers[i].kind) {
      case core::LineAccepted::Kind::accepted:
        ++report_.accepted;
        line.request.spooled = {};  // adopted
        break;
      case core::LineAccepted::Kind::known:
        ++report_.known;
        break;
      case core::LineAccepted::Kind::differs:
        report_.refuse({line.number, "line_differs", "another line with this number was stored under this group"});
        break;
    }
    co_await spool_.discard(line.request);
  }
  pending_.clear();
  pending_bytes_ = 0;
  spool_.let_go();
  if (report_.accepted == accepted_before) co_return;
  engine_.wakeups.pack.wake();
  engine_.wakeups.deadlines.wake();  // some lines may have a deadline that ends them
}

Task<std::optional<Problem>> BulkIntake::finish() {
  if (const auto fault = form_.finish()) co_return problem_of_form(*fault);
  auto problem = co_await end_line();
  if (!problem) problem = co_await submit();
  co_return problem;
}

Task<void> BulkIntake::drop() {
  if (line_) co_await spool_.discard(line_->request);
  for (auto& line : pending_) co_await spool_.discard(line.request);
  line_.reset();
  pending_.clear();
  spool_.let_go();
}

bool is_bulk(const RequestHead& head) {
  if (head.method != "POST" || head.path != "/v1/requests") return false;
  const auto value = head.header("content-type");
  std::string type(value.substr(0, value.find_first_of("; \t")));
  std::ranges::transform(type, type.begin(), lower);
  return type == "application/jsonl" || type == "application/x-ndjson";
}

Task<void> submit_bulk(Exchange& exchange, Engine& engine) {
  BulkOptions options;
  if (auto problem = read_bulk_options(exchange.head(), engine, options)) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  exchange.allow_body(engine.config.server.max_bulk);
  BulkIntake intake(engine, exchange.peer().owner, std::move(options));
  Waiters::Ticket stop(engine.waiters, core::RequestId());  // for no request: only a stop wakes it
  std::optional<Problem> problem;
  for (bool more = true; more && !problem;) {
    auto piece = co_await read_piece(exchange, intake, engine, stop);
    if (!piece) {
      problem = intake.problem_of_body(piece.error());
    } else if (piece->empty()) {
      more = false;
      problem = co_await intake.finish();
    } else {
      problem = co_await intake.take(*piece);
    }
  }
  co_await intake.drop();
  const auto& report = intake.report();
  if (problem) {
    break_off(*problem, report);
  } else if (report.accepted + report.known == 0 && report.refused > 0) {
    problem = make_problem(400, "no_line_accepted", "every line has an error");
    problem->members = proto::bulk_members(report);
  }
  if (problem)
    co_await reply_problem(exchange, std::move(*problem));
  else
    co_await reply_json(exchange, 202, proto::bulk_json(report));
}

}  // namespace batchd::daemon
