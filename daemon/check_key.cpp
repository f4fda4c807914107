#include "daemon/check_key.h"

#include <sysexits.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <istream>
#include <ostream>
#include <stdexcept>

#include "config/api_key.h"
#include "daemon/host/notifier.h"
#include "daemon/provider/make_account.h"

namespace batchd::daemon {
namespace {

using Kind = core::Fault::Kind;
using std::chrono::seconds;

constexpr seconds kTimeMax{20};
constexpr seconds kConnectTimeMax{5};
constexpr seconds kAnswerTimeMax{10};
constexpr int kTriesMax = 3;
constexpr seconds kPauseFirst{1};
constexpr std::size_t kWordsBytesMax = 500;

using Answer = std::variant<core::Done, core::Fault>;

bool may_pass(Kind kind) { return kind == Kind::not_sent || kind == Kind::transient || kind == Kind::throttled; }

// Asks again as long as that may help. Cancelled when the time is over; then the last answer of the provider counts.
Task<Answer> ask(HttpsLink& link, const core::Provider& provider) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Timer pause(co_await asio::this_coro::executor);
  core::Fault last{.kind = Kind::not_sent,
                   .message = "no answer within " + std::to_string(kTimeMax.count()) + " s",
                   .error = {},
                   .lines = {}};
  for (int tries = 1;; ++tries) {
    const auto dialogue = provider.check_account();
    auto answer = co_await converse(link, *dialogue);
    const bool cut = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
    if (cut) co_return last;  // the error of a call that was cut off says nothing about the key
    const auto* fault = std::get_if<core::Fault>(&answer);
    if (fault == nullptr || !may_pass(fault->kind) || tries == kTriesMax) co_return answer;
    last = *fault;
    pause.expires_after(kPauseFirst * (1 << (tries - 1)));
    co_await pause.async_wait(as_tuple_task);
    const bool over = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
    if (over) co_return last;
  }
}

Answer ask_in_time(asio::io_context& io, HttpsLink& link, const core::Provider& provider) {
  Answer answer = core::Fault{.kind = Kind::not_sent, .message = "no answer", .error = {}, .lines = {}};
  asio::cancellation_signal stop;
  Timer time(io.get_executor(), kTimeMax);
  time.async_wait([&](boost::system::error_code aborted) {
    if (!aborted) stop.emit(asio::cancellation_type::terminal);
  });
  auto ended = [&](const std::exception_ptr& bug, Answer got) {
    if (bug) std::rethrow_exception(bug);
    answer = std::move(got);
    io.stop();  // not when no work is left: a name look-up that was given up may still take long
  };
  asio::co_spawn(io.get_executor(), ask(link, provider), asio::bind_cancellation_slot(stop.slot(), ended));
  io.run();
  return answer;
}

// Returns the provider's message as one line, with the key replaced wherever the message has it.
std::string words_of(const core::Fault& fault, const std::string& key) {
  return one_line(config::mask_key(fault.message, key), kWordsBytesMax);
}

int judge(const Answer& answer, const std::string& key, const std::string& url, std::ostream& output,
          std::ostream& errors) {
  const auto* fault = std::get_if<core::Fault>(&answer);
  if (fault == nullptr) {
    output << "the key is accepted by " << url << '\n';
    return EX_OK;
  }
  if (fault->kind == Kind::account) {
    errors << "the key is refused by " << url << ": " << words_of(*fault, key) << '\n';
    return EX_NOPERM;
  }
  errors << "the key couldn't be checked at " << url << ": " << words_of(*fault, key) << '\n';
  return EX_UNAVAILABLE;
}

}  // namespace

int check_key(const config::Config& config, const std::string& account, const ProviderKinds& kinds, std::istream& input,
              std::ostream& output, std::ostream& errors) {
  const auto found = config.accounts.find(account);
  if (found == config.accounts.end()) {
    errors << "there is no account " << account << " in the configuration, but: " << config::account_names(config)
           << '\n';
    return EX_CONFIG;
  }
  const auto key = config::read_api_key(input, "standard input");
  if (!key) {
    errors << key.error().detail << '\n';
    return EX_DATAERR;
  }
  auto settings = found->second;
  settings.connect_timeout = std::min<core::Duration>(settings.connect_timeout, kConnectTimeMax);
  settings.answer_timeout = std::min<core::Duration>(settings.answer_timeout, kAnswerTimeMax);
  // Never destroyed: its destructor would wait for a name look-up that was given up.
  auto& io = *new asio::io_context(1);
  std::unique_ptr<core::Provider> provider;
  std::unique_ptr<HttpsLink> link;
  try {
    provider = make_provider(kinds, settings);
    link = make_link(io.get_executor(), settings, *provider);
  } catch (const std::invalid_argument& fault) {
    errors << "account " << account << ": " << fault.what() << '\n';
    return EX_CONFIG;
  }
  if (!link->set_credential(*key)) {
    errors << "standard input has no text that can be sent as a key\n";
    return EX_DATAERR;
  }
  return judge(ask_in_time(io, *link, *provider), *key, base_url_of(settings, *provider), output, errors);
}

}  // namespace batchd::daemon
