#include <memory>

#include "ctl/cli/menu.h"
#include "ctl/link/address.h"

namespace batchd::ctl {
namespace {

constexpr const char* kListingGroup = "Listings";

using Command = int (*)(Session&, const ListOptions&);

struct Filter {
  const char* name;
  const char* what;
};

void add_listing(Menu& menu, const char* name, const char* what, const char* example,
                 const std::vector<Filter>& filters, Command command) {
  auto o = std::make_shared<ListOptions>();
  auto* c = add_command(menu, kListingGroup, name, what, example);
  o->filters.reserve(filters.size());  // the options refer to their values
  for (const auto& filter : filters) {
    auto& value = o->filters.emplace_back(filter.name, std::string()).second;
    add_text(*c, std::string("--") + filter.name, value, filter.what);
  }
  c->add_option("--limit", o->limit, "at most this many, 50 by default")->check(CLI::PositiveNumber);
  c->add_flag("--all", o->all, "no limit");
  c->callback([&menu, o, command] { menu.chosen = [o, command](Session& session) { return command(session, *o); }; });
}

void add_plain(Menu& menu, const char* group, const char* name, const char* what, const char* example,
               int (*command)(Session&)) {
  add_command(menu, group, name, what, example)->callback([&menu, command] { menu.chosen = command; });
}

}  // namespace

void add_listing_commands(Menu& menu) {
  add_listing(menu, "list", "List your requests, newest first",
              "batchctl list --state failed --model gemini-2.5-flash\n\n"
              "On a terminal a table; else id, state, model, key, channel, created and finished with tabs between.",
              {{"state", "queued, packed, succeeded, failed, cancelled or expired"},
               {"model", "the model"},
               {"key", "your own name for it"},
               {"group", "the group it came with"},
               {"channel", "the channel its result goes to"}},
              list);
  auto admin = std::make_shared<bool>(false);
  auto* status_command = add_command(menu, kListingGroup, "status", "Count your requests", "batchctl status --admin");
  status_command->add_flag("--admin", *admin, "the whole daemon's (administrators)");
  status_command->callback([&menu, admin] {
    menu.chosen = [admin](Session& session) { return *admin ? admin_status(session) : status(session); };
  });
  add_listing(menu, "batches", "List batches, newest first (administrators)", "batchctl batches --state held",
              {{"state", "sealing ... submitted ... done: see docs/architecture.md"}}, batches);
  auto id = std::make_shared<std::string>();
  auto* batch_command =
      add_command(menu, kListingGroup, "batch", "Show one batch (administrators)", "batchctl batch 06y9s05m40000");
  batch_command->add_option("id", *id, "the id of a batch")->required();
  batch_command->callback([&menu, id] { menu.chosen = [id](Session& session) { return batch(session, *id); }; });

  constexpr const char* kTrouble = "When something is wrong";
  add_command(menu, kTrouble, "health", "Exit code 0 if batchd answers", "batchctl health || systemctl status batchd")
      ->callback([&menu] {
        menu.silent = true;
        menu.chosen = health;
      });
  auto* doctor_command =
      add_command(menu, kTrouble, "doctor", "Find out what is wrong, and what to do about it", "batchctl doctor");
  doctor_command->callback([&menu] {
    menu.chosen = [](Session& session) {
      const auto environment = config::process_environment();
      return doctor(session, config_path(environment), environment);
    };
  });
  add_plain(menu, kTrouble, "attention", "What waits for an operator, and the command that releases it",
            "batchctl attention", attention);
}

}  // namespace batchd::ctl
