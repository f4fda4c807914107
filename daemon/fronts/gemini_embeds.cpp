// POST /gemini/.../models/{model}:batchEmbedContents, with which SDKs embed one text or a hundred. Each item is a
// request like any other. All become durable together, and the call waits until all have ended. The answer is assembled
// from the stored responses, byte for byte and piece by piece. A caller that makes the call again takes over its
// orphans item by item.
#include "core/limits.h"
#include "daemon/api/accept.h"
#include "daemon/api/body_spool.h"
#include "daemon/api/lane.h"
#include "daemon/api/reply.h"
#include "daemon/api/response.h"
#include "daemon/api/wait.h"
#include "daemon/fronts/gemini_front.h"
#include "proto/gemini/embeds.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

constexpr std::string_view kVerb = "batchEmbedContents";
constexpr auto kBytesInMemoryMax = static_cast<std::int64_t>(core::kChunkBytesMax);  // of items that aren't spooled
constexpr std::size_t kWriteBytes = 16 << 10;  // small pieces are collected up to this size

// Reads the items of a call's body into requests.
class EmbedItems {
 public:
  EmbedItems(Exchange& exchange, Engine& engine, BodySpool& spool, core::NewRequest like)
      : exchange_(exchange),
        spool_(spool),
        like_(std::move(like)),
        reader_(like_.lane.model, rules_of(engine, like_.lane)) {
    whole_.update(call_prefix(like_.lane, kVerb));
  }

  // If it returns a problem, nothing of the items is left in the store.
  Task<std::optional<Problem>> read() {
    auto problem = co_await read_all();
    if (problem)
      for (auto& request : requests_) co_await spool_.discard(request);
    else
      name();
    co_return problem;
  }
  std::vector<core::NewRequest> take() { return std::move(requests_); }

 private:
  Task<std::optional<Problem>> read_all() {
    for (;;) {
      const auto piece = co_await spool_.read_body(exchange_);
      if (!piece) co_return spool_.problem_of_body(piece.error());
      if (piece->empty()) break;
      whole_.update(*piece);
      if (!reader_.feed(*piece)) break;
      const auto taken = co_await take_items();
      if (!taken) co_return problem_of(taken.error());
    }
    if (reader_.finish()) co_return std::nullopt;
    co_return problem_of_fault(reader_.fault());
  }

  Task<core::Result<void>> take_items() {
    auto& items = reader_.items();
    for (; taken_ < items.size(); ++taken_) {
      auto& item = items[taken_];
      if (taken_ == requests_.size()) requests_.push_back(like_);
      auto& request = requests_.back();
      request.body += std::exchange(item.request, {});
      auto spooled = co_await spool_.take(request, in_memory_);
      if (!spooled) co_return spooled;
      if (!item.complete) break;  // the last item, which continues in the next piece
      request.tokens = item.tokens;
      request.call = json::sha256(call_prefix(like_.lane, kVerb) + item.digest);
      if (request.spooled || in_memory_ + std::ssize(request.body) > kBytesInMemoryMax) {
        spooled = co_await spool_.put_away(request);
        if (!spooled) co_return spooled;
      }
      in_memory_ += std::ssize(request.body);
    }
    co_return core::Result<void>();
  }

  // With an Idempotency-Key the call is compared as a whole. The first item has the key itself, so that no other kind
  // of call can use the key. The others have the key, a space and their number: no caller can choose such a key, since
  // keys have no spaces.
  void name() {
    if (!like_.keyed_call) return;
    const auto fingerprint = whole_.finish();
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      auto& request = requests_[i];
      request.call.clear();
      request.fingerprint = fingerprint;
      if (i > 0) request.idempotency_key += ' ' + std::to_string(i);
    }
  }

  Exchange& exchange_;
  BodySpool& spool_;
  const core::NewRequest like_;
  proto::EmbedsReader reader_;
  json::Sha256 whole_;
  std::vector<core::NewRequest> requests_;
  std::size_t taken_ = 0;       // number of complete items
  std::int64_t in_memory_ = 0;  // bytes of their bodies in memory
};

// Answers the call from its ended requests, and sets in `calls` what becomes of each of them.
class EmbedAnswer {
 public:
  EmbedAnswer(Exchange& exchange, Engine& engine, std::vector<EndedCall>& calls)
      : exchange_(exchange), engine_(engine), calls_(calls) {}

  Task<void> give() {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      const auto view =
          co_await engine_.store.read(&core::Store::find_request, exchange_.peer().owner, calls_[i].request);
      if (!view) {
        co_await reply_front_problem(exchange_, front_problem(problem_of(view.error()), calls_[i].request));
        co_return;
      }
      co_await look_at(i, *view);
    }
    if (failed_.empty())
      co_await give_embeddings();
    else
      co_await give_error();
  }

 private:
  struct Failed {
    std::size_t item = 0;
    CallEnd end = CallEnd::answered;
  };

  void fail(std::size_t item, CallEnd end, core::RequestError error) {
    if (failed_.empty()) {
      error_ = std::move(error);
      error_.message = "requests[" + std::to_string(item) + "]: " + error_.message;
    }
    failed_.push_back({item, end});
  }

  // Reads the whole response before any of the answer is sent: an error can then still be reported, and the length of
  // the answer is known.
  Task<void> look_at(std::size_t item, const core::RequestView& view) {
    if (view.state != core::RequestState::succeeded) {
      fail(item, CallEnd::answered, view.error.value_or(core::RequestError()));
      co_return;
    }
    proto::EmbeddingScan scan;
    ResponseCheck check;
    ResponseReader response(engine_, exchange_.peer().owner, view);
    while (!response.finished()) {
      const auto piece = co_await response.next();
      if (!piece) {
        const bool damaged = piece.error().code == core::Errc::corrupt;
        if (damaged)
          fail(item, CallEnd::abandoned, damaged_response(engine_, view.id));
        else
          fail(item, CallEnd::orphan, unreadable_now(view.id));
        co_return;
      }
      scan.feed(*piece);
      check.feed(*piece);
    }
    if (const auto fault = check.finish(); !fault.empty()) {
      fail(item, CallEnd::orphan, response_is_no_json(view.id, fault));
      co_return;
    }
    const auto span = scan.finish();
    if (!span) {
      fail(item, CallEnd::abandoned,
           core::own_error(core::ErrorClass::internal,
                           "the response of request " + core::to_text(view.id) + " holds no embedding"));
      co_return;
    }
    core::RequestView embedding{.id = view.id};
    embedding.result = view.result;
    embedding.value_offset = view.value_offset + span->offset;
    embedding.value_bytes = span->bytes;
    bytes_ += span->bytes;
    embeddings_.push_back(std::move(embedding));
  }

  Task<void> give_embeddings() {
    constexpr std::string_view kHead = R"({"embeddings":[)", kTail = "]}\n";
    const auto commas = std::ssize(embeddings_) - 1;
    ReplyHead head{200, "application/json; charset=UTF-8", {}};
    const auto length = std::ssize(kHead) + bytes_ + commas + std::ssize(kTail);
    bool open = co_await exchange_.begin_reply(std::move(head), length);
    std::string text(kHead);
    for (std::size_t i = 0; open && i < embeddings_.size(); ++i) {
      if (i > 0) text += ',';
      open = co_await add(embeddings_[i], text);
    }
    text += kTail;
    if (open) open = co_await exchange_.write(text);
    if (!open) co_return;
    for (auto& call : calls_) call.end = CallEnd::answered;
  }

  Task<bool> add(const core::RequestView& embedding, std::string& text) {
    ResponseReader response(engine_, exchange_.peer().owner, embedding);
    while (!response.finished()) {
      bool open = co_await exchange_.writable();
      if (!open) co_return false;
      const auto piece = co_await response.next();
      if (!piece) co_return false;
      text += *piece;
      if (text.size() < kWriteBytes) continue;
      open = co_await exchange_.write(text);
      if (!open) co_return false;
      text.clear();
    }
    co_return true;
  }

  // Reports the first failure. The items that failed are then over, so that the same call made again runs them anew;
  // the others, and those that only can't be read now, stay orphans that the same call takes over.
  Task<void> give_error() {
    if (failed_.size() > 1)
      error_.message += " (" + std::to_string(failed_.size()) + " of " + std::to_string(calls_.size()) + " failed)";
    const bool said = co_await reply_error(exchange_, error_);
    if (!said) co_return;
    for (const auto& failed : failed_) calls_[failed.item].end = failed.end;
  }

  Exchange& exchange_;
  Engine& engine_;
  std::vector<EndedCall>& calls_;
  std::vector<core::RequestView> embeddings_;  // for each only its place in the stored result
  std::int64_t bytes_ = 0;                     // of these embeddings
  std::vector<Failed> failed_;
  core::RequestError error_;  // of the first failed item
};

}  // namespace

Task<void> embed_many(Desk& desk, Exchange& exchange, core::NewRequest like) {
  std::vector<EndedCall> calls;
  const bool keyed = like.keyed_call;
  {  // none of these objects exists while the call waits
    BodySpool spool(desk.engine.store, desk.engine.body_seats, like.owner);
    EmbedItems items(exchange, desk.engine, spool, std::move(like));
    if (auto problem = co_await items.read()) {
      co_await reply_front_problem(exchange, std::move(*problem));
      co_return;
    }
    const auto accepted = co_await accept_all(desk.engine, items.take());
    spool.let_go();
    if (!accepted) {
      co_await reply_front_problem(exchange, problem_of_accept(accepted.error()));
      co_return;
    }
    for (const auto& request : *accepted) calls.push_back({request.id});
  }
  auto beat = pulse(desk.engine, front_interim(exchange.head(), desk.engine));
  bool ended = true;
  for (std::size_t i = 0; ended && i < calls.size(); ++i) {
    const auto waited =
        co_await wait_for(desk.engine, exchange, calls[i].request, desk.engine.clock.steady() + kForever, beat);
    ended = waited.request.has_value();
    if (waited.problem) co_await reply_front_problem(exchange, front_problem(*waited.problem, calls[i].request));
  }
  if (ended) {
    EmbedAnswer answer(exchange, desk.engine, calls);
    co_await answer.give();
  }
  if (!keyed) co_await end_calls(desk.engine, exchange, std::move(calls));
}

}  // namespace batchd::daemon
