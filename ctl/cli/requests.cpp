#include <memory>

#include "ctl/cli/file_names.h"
#include "ctl/cli/menu.h"

namespace batchd::ctl {
namespace {

constexpr const char* kRequestGroup = "Requests";

struct Submission {
  SubmitOptions options;
  OneRequest one;
  RequestFile file;
  std::string text;   // the argument
  std::string plain;  // of --text
  std::string wait;
  std::vector<std::string> labels;
};

std::vector<std::pair<std::string, std::string>> split_labels(const std::vector<std::string>& labels) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& label : labels) {
    const auto equals = label.find('=');
    if (equals == std::string::npos) throw CLI::ValidationError("--label", "\"" + label + "\" isn't NAME=VALUE");
    pairs.emplace_back(label.substr(0, equals), label.substr(equals + 1));
  }
  return pairs;
}

// What the command line has of the three ways to give a prompt: the argument, --text, neither.
enum class Prompt { argument, plain, none };

void choose_submit(Menu& menu, Submission& s, Prompt prompt) {
  s.options.wait = wait_of(s.wait);
  s.one.labels = split_labels(s.labels);
  if (s.options.acknowledge && !s.options.wait) throw CLI::ValidationError("--ack", "goes with --wait");
  const bool has_argument = prompt == Prompt::argument;
  if (has_argument && names_lines(s.text)) s.file.path = s.text;
  if (!s.file.path.empty()) {
    if (!s.one.key.empty() || !s.labels.empty())
      throw CLI::ValidationError("--key, --label", "are of one request; a file's lines have keys of their own");
    menu.chosen = [s](Session& session) { return submit_file(session, s.options, s.file); };
    return;
  }
  if (!s.file.group.empty()) throw CLI::ValidationError("--group", "goes with a file of requests");
  if (prompt == Prompt::none && s.one.body_file.empty())
    throw CLI::ValidationError("nothing to submit", "give a text, - for standard input, --body FILE or FILE.jsonl");
  const bool from_input = has_argument && s.text == "-";
  if (has_argument && !from_input)
    if (const auto fault = file_name_fault(s.text); !fault.empty()) throw CLI::ValidationError("submit", fault);
  if (prompt != Prompt::none && !from_input) s.one.text = has_argument ? s.text : s.plain;
  menu.chosen = [s](Session& session) { return submit(session, s.options, s.one); };
}

void add_submit(Menu& menu) {
  auto s = std::make_shared<Submission>();
  auto* c = add_command(menu, kRequestGroup, "submit", "Submit one request, or a file of them",
                        "batchctl submit --model gemini-2.5-flash --wait \"Name three rivers.\"\n"
                        "  batchctl submit --model gemini-2.5-flash prompts.jsonl\n\n"
                        "Prints the request's id; of a file the group's name. A file that is submitted again adds\n"
                        "only the lines that are not there yet.");
  add_text(*c, "--model,-m", s->options.model, "the model, such as gemini-2.5-flash")->required();
  auto* text = c->add_option("prompt", s->text, "the prompt; - reads it from standard input; FILE.jsonl: see --jsonl");
  auto* plain = c->add_option("--text", s->plain, "the prompt, also if it looks like a file's name")->excludes(text);
  auto* body = c->add_option("--body", s->one.body_file, "a file with the provider's request object")
                   ->check(empty_fault)
                   ->excludes(text)
                   ->excludes(plain);
  c->add_option("--jsonl", s->file.path, "a file with a {\"key\",\"request\"} object on each line; - with --group")
      ->check(empty_fault)
      ->excludes(text)
      ->excludes(plain)
      ->excludes(body);
  add_text(*c, "--group", s->file.group, "name of the group; default: the file's digest");
  add_text(*c, "--key,-k", s->one.key, "your own name for the request");
  c->add_option("--label", s->labels, "NAME=VALUE, shown with the request; may be repeated")
      ->check(value_fault)
      ->allow_extra_args(false);
  add_text(*c, "--channel", s->options.channel, "where its result is queued; a file's own channel is its group");
  add_text(*c, "--account", s->options.account, "an [accounts.NAME] of the configuration");
  add_text(*c, "--endpoint", s->options.endpoint,
           "in the provider's words; default: the first of the account's provider");
  add_text(*c, "--deadline", s->options.deadline, "send early enough for this deadline: 2h, or 2026-01-31T18:00:00Z");
  add_text(*c, "--on-deadline", s->options.on_deadline, "what happens at the deadline: keep (default) or fail");
  add_wait(*c, s->wait, "wait for the results, for SECONDS if given: --wait=SECONDS");
  c->add_flag("--ack", s->options.acknowledge, "with --wait: acknowledge what was printed");
  c->callback([&menu, s, text, plain] {
    const auto prompt = text->count() > 0 ? Prompt::argument : plain->count() > 0 ? Prompt::plain : Prompt::none;
    choose_submit(menu, *s, prompt);
  });
}

void add_results(Menu& menu) {
  auto o = std::make_shared<ResultOptions>();
  auto wait = std::make_shared<std::string>();
  auto* c = add_command(menu, kRequestGroup, "results", "Print finished requests in the order of their completion",
                        "batchctl results --channel nightly --ack >>results.ndjson\n\n"
                        "One JSON object on each line: key, id, cursor, state, text or error; --json: the whole\n"
                        "request objects. They come again until they are acknowledged.");
  add_text(*c, "--channel", o->channel, "the channel; else requests without one");
  c->add_option("--after", o->after, "only those behind this cursor")->check(text_fault);
  c->add_option("--limit", o->limit, "at most so many")->check(CLI::PositiveNumber);
  c->add_flag("--ack", o->acknowledge, "acknowledge each page once it has been written");
  add_wait(*c, *wait, "wait until there is one, for SECONDS if given: --wait=SECONDS");
  c->callback([&menu, o, wait] {
    o->wait = wait_of(*wait);
    menu.chosen = [o](Session& session) { return results(session, *o); };
  });
}

void add_watch(Menu& menu) {
  auto o = std::make_shared<ResultOptions>();
  auto* c = add_command(menu, kRequestGroup, "watch", "Print finished requests as they come, until interrupted",
                        "batchctl watch --channel nightly\n\n"
                        "One JSON object on each line, as `results` prints them. Nothing is acknowledged.");
  add_text(*c, "--channel", o->channel, "the channel; else requests without one");
  c->add_option("--after", o->after, "only those behind this cursor")->check(text_fault);
  c->callback([&menu, o] { menu.chosen = [o](Session& session) { return watch(session, o->channel, o->after); }; });
}

void add_with_ids(Menu& menu, const char* name, const char* what, const char* example,
                  int (*command)(Session&, const std::vector<std::string>&)) {
  auto ids = std::make_shared<std::vector<std::string>>();
  auto* c = add_command(menu, kRequestGroup, name, what, example);
  c->add_option("ids", *ids, "ids of requests")->required();
  c->callback(
      [&menu, ids, command] { menu.chosen = [ids, command](Session& session) { return command(session, *ids); }; });
}

void add_wait_command(Menu& menu) {
  auto ids = std::make_shared<std::vector<std::string>>();
  auto timeout = std::make_shared<std::string>();
  auto* c = add_command(menu, kRequestGroup, "wait", "Wait for requests and show them, in the order given",
                        "batchctl wait --timeout 1h 06y9qv9e00000");
  c->add_option("ids", *ids, "ids of requests")->required();
  c->add_option("--timeout", *timeout, "give up after so many seconds")->check(check_seconds);
  c->callback([&menu, ids, timeout] {
    menu.chosen = [ids, timeout](Session& session) { return wait_for(session, *ids, {parse_seconds(*timeout)}); };
  });
}

void add_cancel(Menu& menu) {
  auto ids = std::make_shared<std::vector<std::string>>();
  auto group = std::make_shared<std::string>();
  auto* c = add_command(menu, kRequestGroup, "cancel", "Cancel requests, or what is left of a group",
                        "batchctl cancel 06y9qv9e00000\n  batchctl cancel --group nightly\n\n"
                        "Prints the cancelled ids. A request that is already in a batch may still be charged.");
  auto* some = c->add_option("ids", *ids, "ids of requests");
  add_text(*c, "--group", *group, "the name of a group: see submit")->excludes(some);
  c->callback([&menu, ids, group] {
    if (ids->empty() && group->empty()) throw CLI::RequiredError("ids or --group");
    menu.chosen = [ids, group](Session& session) {
      return group->empty() ? cancel(session, *ids) : cancel_group(session, *group);
    };
  });
}

}  // namespace

void add_request_commands(Menu& menu) {
  add_submit(menu);
  add_with_ids(menu, "get", "Show requests as they are now", "batchctl get 06y9qv9e00000",
               [](Session& session, const std::vector<std::string>& ids) {
                 int worst = 0;
                 for (const auto& id : ids) worst = std::max(worst, get(session, id));
                 return worst;
               });
  add_wait_command(menu);
  add_results(menu);
  add_watch(menu);
  add_cancel(menu);
  add_with_ids(menu, "retry", "Submit failed, expired or cancelled requests again, as new ones",
               "batchctl retry 06y9qv9e00000", retry);
}

}  // namespace batchd::ctl
