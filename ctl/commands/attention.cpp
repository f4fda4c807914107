#include "ctl/commands/commands.h"
#include "ctl/commands/fetch.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

// Returns the text as a shell word: quoted if it has anything but plain characters.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:@%+";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : printable(text)) c == '\'' ? word += "'\\''" : word += c;
  return word + '\'';
}

class Item {
 public:
  Item(Console& console, const Json& json) : console_(console), json_(json) {}

  void show() const {
    const auto kind = get("kind");
    if (kind == "held_batch") return held_batch();
    if (kind == "account") return account();
    if (kind == "strange_job") return strange_job();
    if (kind == "paused") return paused();
    if (kind == "suspicious_requests") return suspicious();
    title(kind + ": " + get("message"));
  }

 private:
  std::string get(const char* name) const { return std::string(text(member(json_, name))); }
  std::string since() const {
    const auto time = get("since");
    return time.empty() ? "" : " since " + time;
  }
  void title(const std::string& text) const { console_.data(printable(text)); }
  void line(const char* what, const std::string& text) const {
    console_.data("  " + std::string(what) +
                  std::string(36 - std::min<std::size_t>(36, std::string_view(what).size()), ' ') + printable(text));
  }

  void held_batch() const {
    const auto id = get("batch");
    title("batch " + id + " of account " + get("account") + " is held" + since());
    line("why:", get("message"));
    line("its token and job:", "batchctl batch " + id);
    line("if the provider has a job of it:", "batchctl adopt " + id + " batches/...");
    line("if no job of it can be running:", "batchctl requeue " + id);
  }
  void account() const {
    title("account " + get("account") + " is in trouble" + since() + "; its requests wait and none fails");
    line("why:", get("message"));
    line("after correcting that:", "batchctl resume --account " + shell_word(get("account")));
  }
  void strange_job() const {
    title("account " + get("account") + " has a job that this database doesn't know" + since() +
          "; nothing new is submitted");
    line("job:", get("job"));
    line("token:", get("token"));
    line("why:", "a second batchd with this database, or an old backup restored");
    line("if neither is so, or it is over:", "batchctl resume-account " + shell_word(get("account")));
  }
  std::string lane_options() const {
    std::string options;
    for (const auto& [option, name] :
         {std::pair(" --account ", "account"), {" --endpoint ", "endpoint"}, {" --model ", "model"}})
      if (const auto value = get(name); !value.empty()) options += option + shell_word(value);
    return options;
  }
  void suspicious() const {
    const auto& requests = member(json_, "requests");
    const auto& waits = member(json_, "waits");
    const bool sent_no_more = waits.IsBool() && waits.GetBool();
    title((requests.IsInt64() ? std::to_string(requests.GetInt64()) : "some") + " requests of " + get("owner") +
          " for " + get("model") + " are suspicious" + since() + "; none fails for that");
    line("why:", "the provider refuses some of them, and finding out which has cost too many batches");
    line("they are sent:", sent_no_more ? "no more, until you say so" : "a few at a time, 12 times an hour at most");
    line(sent_no_more ? "to go on:" : "to start their three days anew:", "batchctl resume" + lane_options());
  }
  void paused() const {
    const auto options = lane_options();
    title("paused by an operator:" + (options.empty() ? " everything" : options));
    line("to go on:", "batchctl resume" + options);
  }

  Console& console_;
  const Json& json_;
};

}  // namespace

int attention(Session& session) {
  const auto fetched = fetch(session, "/admin/attention");
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto& items = member(std::get<rapidjson::Document>(fetched), "items");
  if (!items.IsArray() || items.Empty()) {
    session.console.talk("nothing needs attention");
    return kDone;
  }
  for (const auto& item : items.GetArray()) Item(session.console, item).show();
  return kDone;
}

}  // namespace batchd::ctl
