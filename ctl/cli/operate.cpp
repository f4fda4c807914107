#include <memory>

#include "ctl/cli/menu.h"

namespace batchd::ctl {
namespace {

constexpr const char* kAdminGroup = "For administrators";

void add_lanes(Menu& menu, const char* name, const char* what, const char* example,
               int (*command)(Session&, const LaneOptions&)) {
  auto lanes = std::make_shared<LaneOptions>();
  auto* c = add_command(menu, kAdminGroup, name, what, example);
  add_text(*c, "--account", lanes->account, "only this account's");
  add_text(*c, "--model", lanes->model, "only this model's");
  add_text(*c, "--endpoint", lanes->endpoint, "only this endpoint's");
  c->callback([&menu, lanes, command] {
    menu.chosen = [lanes, command](Session& session) { return command(session, *lanes); };
  });
}

// A command with one or two names after it.
void add_named(Menu& menu, const char* name, const char* what, const char* example,
               const std::vector<std::pair<const char*, const char*>>& arguments,
               std::function<int(Session&, const std::vector<std::string>&)> command) {
  auto values = std::make_shared<std::vector<std::string>>(arguments.size());
  auto* c = add_command(menu, kAdminGroup, name, what, example);
  for (std::size_t i = 0; i < arguments.size(); ++i)
    add_text(*c, arguments[i].first, (*values)[i], arguments[i].second)->required();
  c->callback([&menu, values, command = std::move(command)] {
    menu.chosen = [values, command](Session& session) { return command(session, *values); };
  });
}

void add_backup(Menu& menu) {
  auto file = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  auto* c = add_command(menu, kAdminGroup, "backup", "Copy the running database into a file",
                        "batchctl backup /var/backups/batchd-$(date +%F).db");
  c->add_option("file", *file, "written as FILE.part, and renamed when it is whole")->required();
  c->add_flag("--force", *force, "overwrite FILE");
  c->callback([&menu, file, force] {
    menu.silent = true;
    menu.chosen = [file, force](Session& session) { return backup(session, *file, *force); };
  });
}

}  // namespace

void add_operator_commands(Menu& menu) {
  add_lanes(menu, "flush", "Send queued requests now", "batchctl flush --model gemini-2.5-flash", flush);
  add_lanes(menu, "pause", "Stop sending; requests are still accepted", "batchctl pause --account default", pause);
  add_lanes(menu, "resume", "End a pause, and retry accounts in trouble now", "batchctl resume --account default",
            resume);
  add_named(menu, "resume-account", "Accept an account's unknown jobs as not ours, and resume it",
            "batchctl resume-account default", {{"account", "its name in the configuration"}},
            [](Session& session, const auto& values) { return resume_account(session, values[0]); });
  add_named(menu, "adopt", "Tell a held batch which job at the provider is its own",
            "batchctl adopt 06y9s05m40000 batches/rzjer0wrhcgd",
            {{"batch", "the id of a held batch"}, {"job", "the provider's name of the job"}},
            [](Session& session, const auto& values) { return adopt(session, values[0], values[1]); });
  add_named(menu, "requeue", "Send a held batch's requests again: only when no job of it can be running",
            "batchctl requeue 06y9s05m40000", {{"batch", "the id of a held batch"}},
            [](Session& session, const auto& values) { return requeue(session, values[0]); });
  add_command(menu, kAdminGroup, "audit", "Check everything in the database for inconsistencies",
              "batchctl audit && echo all is well")
      ->callback([&menu] { menu.chosen = audit; });
  add_backup(menu);
}

}  // namespace batchd::ctl
