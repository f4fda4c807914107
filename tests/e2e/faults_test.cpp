// Every fault that the emulator knows, one at a time: two dozen requests survive it, each with the answer to its own
// prompt, none lost and none paid for twice. The list is the emulator's own, so that no fault is forgotten.
//
// Without a filter the program runs itself several times in parallel, since it mostly waits. Under AddressSanitizer
// each fault strikes about a third of the calls; with a filter, or in `tools/check --long asan`, all of them.
#include <algorithm>
#include <cstdlib>

#include "tests/e2e/judged.h"
#include "tests/harness/size.h"

namespace batchd::e2e {
namespace {

constexpr int kRequests = 24;
constexpr int kPerBatch = 12;
#if defined(BATCHD_WITH_ASAN)
constexpr bool kSlow = true;  // the programs are slow, and their patience with each other is short
#else
constexpr bool kSlow = false;
#endif
constexpr int kShards = kSlow ? 4 : 12;
constexpr Milliseconds kRoundPatience{60'000};
// A job must not end before all cancels have come, also where a disk stalls for seconds.
constexpr double kRegrettedJobSeconds = 10;

// batchd makes no such calls: it asks for batches only, and keeps its jobs. NeverCalled proves it.
constexpr std::string_view kNeverCalled[] = {"generate", "batch_delete"};
// Looks that batchd takes only after an answer that leaves something open. They are read like "file_get" and "list",
// and meet a few faults only.
constexpr std::string_view kSeldomCalled[] = {"file_list", "models"};
constexpr std::string_view kFaultsOfSeldomCalled[] = {"status",     "reset_after", "html",    "error_in_200",
                                                      "empty_body", "cut",         "shorten", "quota"};

// What has to happen first, so that the call under test is made at all, or matters.
enum class Scene {
  plain,
  unclear,    // the first create's answer is lost, the second never arrives: listings, and a fence
  broken,     // the first chunk of an upload breaks: how much has arrived?
  regretted,  // everything in a running job is cancelled by its owner
  refused,    // the first create is refused, and the answer leaves open for what; a file is gone when it is asked for
};

struct Companions {
  Scene scene;
  const char* rules;
};
constexpr Companions kCompanions[] = {
    {Scene::plain, ""},
    {Scene::unclear, R"(,{"on":"create","do":"reset_after","nth":1},{"on":"create","do":"reset_before","nth":2})"},
    {Scene::broken, R"(,{"on":"upload_chunk","do":"reset_after","first":2})"},
    {Scene::regretted, ""},
    {Scene::refused, R"(,{"on":"create","do":"lose_file","nth":1},{"on":"create","do":"status","status":404,"nth":2})"},
};

enum class Held { never, perhaps, surely };  // for an operator, who sends it again

// Where a fault needs other details than those of the list to bite in so short a time, or doesn't end with everybody
// answered. The first row that fits.
struct Special {
  std::string_view on;  // empty: any
  std::string_view action;
  std::string_view details;  // members of the rule
  Held held = Held::never;
  std::string_view end = {};      // of some of the requests; all others succeed
  std::string_view excused = {};  // what the audit finds though nobody could prevent it
  bool wordless = false;          // some responses have no text
};
constexpr Special kSpecials[] = {
    // Somebody between batchd and the provider makes a second job of one call: nobody here can know.
    {"create", "execute_twice", "", Held::never, "", "billed_twice orphans"},
    {"any", "execute_twice", "", Held::perhaps, "", "billed_twice orphans"},
    // The fence is proven by a file that must be there: if it isn't, a person decides.
    {"file_get", "lose_file", "", Held::surely},
    // A result that the provider has lost: it was paid for, and the operator's decision pays for it again.
    {"download", "lose_file", "", Held::surely, "", "billed_twice orphans"},
    {"job", "no_output", "", Held::surely},
    {"job", "output_lost", "", Held::surely},
    // Not asked for by us: what had run may have been charged, so it isn't sent again.
    {"job", "cancel_itself", "", Held::never, "failed 1", "lost"},
    {"job", "list_lag", R"("ms":150)"},  // shorter than the quarantine, which is 15 minutes in earnest
    {"job", "slow", R"("seconds":1)"},
    {"line", "status_text", "", Held::never, "failed 2"},  // words without a code: not known to be worth another try
    {"line", "embedded_status", "", Held::never, "failed 3"},
    {"line", "block", "", Held::never, "", "", true},
    {"line", "degenerate_json", "", Held::never, "", "", true},
    {"upload_chunk", "processing", R"("seconds":0.5)"},
    {"line", "empty_response", "", Held::never, "", "", true},
    {"line", "deep", R"("count":100000)"},
    {"line", "long_line", R"("bytes":65536)"},
    {"", "trickle", R"("bytes":64,"ms":1)"},
    {"", "endless", R"("bytes":4194304)"},
    // Four creates of one lineage in a row may be struck: then it waits for a person.
    {"any", "", "", Held::perhaps},
    {"connection", "", "", Held::perhaps},
};

const Special* special_of(const ListedFault& fault) {
  const auto fits = [&](const Special& row) {
    return (row.on.empty() || row.on == fault.on) && (row.action.empty() || row.action == fault.action);
  };
  const auto found = std::ranges::find_if(kSpecials, fits);
  return found == std::end(kSpecials) ? nullptr : &*found;
}

Scene scene_of(const ListedFault& fault) {
  if (fault.on == "list" || fault.on == "file_get" || fault.on == "file_delete") return Scene::unclear;
  if (fault.action == "list_lag" || fault.action == "stale_list") return Scene::unclear;
  if (fault.on == "upload_query") return Scene::broken;
  if (fault.on == "file_list" || fault.on == "models") return Scene::refused;
  for (const std::string_view ends_by_a_cancel : {"cancel_partly", "ignore_cancel", "stuck", "stuck_pending"})
    if (fault.action == ends_by_a_cancel) return Scene::regretted;
  if (fault.on == "cancel") return Scene::regretted;
  return Scene::plain;
}

std::string rule_of(const ListedFault& fault) {
  auto rule = with_members(fault.rule, R"("first":2)");
  // Dice: every so many could be the create of each try, for ever.
  if (fault.on == "any" || fault.on == "connection") rule = with_members(fault.rule, R"("probability":0.2)");
  if (fault.on == "line") rule = with_members(fault.rule, R"("every":3,"first_attempt_only":true)");
  if (fault.on == "job") rule = with_members(fault.rule, R"("nth":1)");
  const auto* special = special_of(fault);
  return special == nullptr ? rule : with_members(rule, special->details);
}

class Fault : public JudgedTest, public ::testing::WithParamInterface<ListedFault> {
 protected:
  void run_scene(Scene scene) {
    if (scene != Scene::regretted) return submit(kRequests);
    submit(kPerBatch);
    ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") == 1; }));
    breathe(Milliseconds(2800));  // only a job that runs has done anything: after a quarter of its time
    for (std::size_t i = 0; i < kPerBatch; ++i) EXPECT_TRUE(cancel(i));
    submit(kRequests - kPerBatch);
  }
  // In the ledger a rule for `any` stands under the call that it struck.
  std::ptrdiff_t happened(const ListedFault& fault) {
    return std::ranges::count_if(emulator_->ledger().rows(), [&](const LedgerRow& row) {
      return row.event == "fault" && row.action == fault.action && (fault.on == "any" || row.on == fault.on);
    });
  }
};

TEST_P(Fault, LosesNothingAndPaysNothingTwice) {
  const auto& fault = GetParam();
  const auto* special = special_of(fault);
  const auto scene = scene_of(fault);
  const auto faults = R"({"rules":[)" + rule_of(fault) + kCompanions[static_cast<std::size_t>(scene)].rules + "]}";
  SCOPED_TRACE(faults);
  auto config = judged_times();
  config["packing.max_items"] = std::to_string(kPerBatch);
  if (scene == Scene::regretted) config.merge(leave_by_count(kPerBatch));  // one job has all of what is cancelled
  start({.job_seconds = scene == Scene::regretted ? kRegrettedJobSeconds : 0.2, .faults = faults}, {.config = config});
  run_scene(scene);

  auto held = wait_until_over(kRoundPatience);
  ASSERT_GE(held, 0);
  if (special != nullptr && special->held != Held::never) {
    EXPECT_TRUE(held > 0 || special->held == Held::perhaps) << "should have been held";
    for (int tries = 0; held > 0 && tries < 3; ++tries) {
      requeue_held();
      held = wait_until_over(kRoundPatience);
    }
  }
  EXPECT_EQ(held, 0) << daemon_->admin_status().dump();
  EXPECT_GT(happened(fault), 0) << "the fault never happened";

  wordless_ = special != nullptr && special->wordless;
  read_answers();
  const auto cancelled = scene == Scene::regretted ? kPerBatch : 0;
  std::map<std::string, int> expected{{"succeeded", kRequests - cancelled}};
  if (cancelled > 0) expected["cancelled 1"] = cancelled;
  if (special != nullptr && !special->end.empty()) {
    const auto other = ends_[std::string(special->end)];
    EXPECT_GT(other, 0) << special->end;
    expected["succeeded"] -= other;
    expected[std::string(special->end)] = other;
  }
  EXPECT_EQ(ends_, expected);
  if (special != nullptr) excused_ = special->excused;
  judge();
  ASSERT_TRUE(daemon_->process().running());
  EXPECT_EQ(daemon_->stop(), 0);
}

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

// Nobody but the caller can see that right keys have each other's answers.
bool out_of_sight(const ListedFault& fault) { return fault.action == "swap_answers"; }
bool never_called(const ListedFault& fault) {
  return contains(kNeverCalled, fault.on) ||
         (contains(kSeldomCalled, fault.on) && !contains(kFaultsOfSeldomCalled, fault.action));
}

// Of each fault that strikes whatever call, leaves one in that many of its calls, and one at least.
void thin_out(std::vector<ListedFault>& faults, std::size_t one_in_at_most) {
  const auto has_its_own_row = [](const ListedFault& fault) {
    const auto* special = special_of(fault);
    return special != nullptr && !special->on.empty() && !special->action.empty();
  };
  std::map<std::string, std::size_t> calls;
  for (const auto& fault : faults) ++calls[fault.action];
  std::map<std::string, std::size_t> met;
  std::map<std::string, std::size_t> first;
  std::erase_if(faults, [&](const ListedFault& fault) {
    const auto one_in = std::min(one_in_at_most, calls[fault.action]);
    const auto begin = first.try_emplace(fault.action, first.size()).first->second;
    return met[fault.action]++ % one_in != begin % one_in && !has_its_own_row(fault);
  });
}

std::vector<ListedFault> faults_that_matter() {
  auto faults = listed_faults();
  std::erase_if(faults, never_called);
  std::erase_if(faults, out_of_sight);
  const int one_in = harness::size_of("BATCHD_E2E_FAULTS_ONE_IN", kSlow ? 3 : 1, 1);
  thin_out(faults, static_cast<std::size_t>(std::max(1, one_in)));
  return faults;
}

INSTANTIATE_TEST_SUITE_P(Each, Fault, ::testing::ValuesIn(faults_that_matter()),
                         [](const auto& row) { return row.param.on + "_" + row.param.action; });

class NeverCalled : public JudgedTest {};

// What is left out above is left out for a reason.
TEST_F(NeverCalled, TheseCallsAreNoneOfBatchds) {
  std::string rules;
  for (const auto& on : kNeverCalled)
    rules +=
        (rules.empty() ? "" : ",") + std::string(R"({"do":"status","status":503,"on":")") + std::string(on) + "\"}";
  auto config = judged_times();
  config.merge(leave_by_count(kPerBatch));
  start({.job_seconds = 1, .faults = R"({"rules":[)" + rules + "]}"}, {.config = config});
  submit(kPerBatch);
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") > 0; }));
  for (std::size_t i = 0; i < kPerBatch; ++i) EXPECT_TRUE(cancel(i));
  submit(kPerBatch);
  EXPECT_EQ(wait_until_over(kRoundPatience), 0);
  EXPECT_EQ(emulator_->ledger().count("fault"), 0U);
  read_answers();
  EXPECT_EQ(ends_, (std::map<std::string, int>{{"cancelled 1", kPerBatch}, {"succeeded", kPerBatch}}));
  judge();
}

// Each shard runs every kShards-th test; what one that failed has said is shown.
int run_side_by_side() {
  const TempFolder folder;
  std::vector<Process> shards;
  const auto output = [&](int shard) { return folder.file(std::to_string(shard)); };
  for (int i = 0; i < kShards; ++i)
    shards.push_back(Process::start(
        {.binary = "/proc/self/exe",
         .arguments = {"--gtest_brief=1"},
         .environment = {{"GTEST_TOTAL_SHARDS", std::to_string(kShards)}, {"GTEST_SHARD_INDEX", std::to_string(i)}},
         .output = output(i)}));
  int failed = 0;
  for (int i = 0; i < kShards; ++i) {
    const auto code = shards[static_cast<std::size_t>(i)].wait(std::chrono::minutes(15));
    if (code != 0) ++failed;
    const auto text = read_file(output(i));
    std::fprintf(stdout, "shard %d: exit code %d\n%s\n", i, code.value_or(-1), text.c_str());
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace batchd::e2e

int main(int argc, char** argv) {
  const bool whole = argc == 1 && std::getenv("GTEST_TOTAL_SHARDS") == nullptr;
  if (whole) return batchd::e2e::run_side_by_side();
  if (std::getenv("GTEST_TOTAL_SHARDS") == nullptr) ::setenv("BATCHD_E2E_FAULTS_ONE_IN", "1", 0);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
