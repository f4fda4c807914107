#include "proto/page/admin_page.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/page/html.h"
#include "tests/page/sample_page.h"

namespace batchd::proto {
namespace {

TEST(Html, EscapesWhatCouldBeMarkup) {
  EXPECT_EQ(html::escape("<a href='x' title=\"y\">&</a>"),
            "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;&lt;/a&gt;");
  EXPECT_EQ(html::escape("na\xC3\xAFve \xF0\x9F\x9A\xA2"), "na\xC3\xAFve \xF0\x9F\x9A\xA2");
  EXPECT_EQ(html::escape("\x1B[31m\xFF\xC3"), "\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Html, WordsNumbersForPeople) {
  EXPECT_EQ(html::count(0), "0");
  EXPECT_EQ(html::count(999), "999");
  EXPECT_EQ(html::count(1'000), "1,000");
  EXPECT_EQ(html::count(-12'345'678), "-12,345,678");
  EXPECT_EQ(html::bytes(0), "0 B");
  EXPECT_EQ(html::bytes(1'536), "1.5 KiB");
  EXPECT_EQ(html::bytes(3'221'225'472), "3.0 GiB");
  EXPECT_EQ(html::duration(std::chrono::milliseconds(-5)), "0 s");
  EXPECT_EQ(html::duration(std::chrono::seconds(59)), "59 s");
  EXPECT_EQ(html::duration(std::chrono::minutes(61)), "1 h 1 min");
  EXPECT_EQ(html::duration(std::chrono::hours(49)), "2 d 1 h");
}

// The tags of a page in order, names only: what a browser would see as structure.
std::vector<std::string> tags(const std::string& page) {
  std::vector<std::string> names;
  for (auto at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1))
    names.push_back(page.substr(at + 1, page.find_first_of(" >\n", at) - at - 1));
  return names;
}

TEST(AdminPage, HostileTextStaysText) {
  const std::string attack = R"x(</td><script>alert(1)</script><img src=x onerror="a()">'"&)x";
  const auto page = admin_page(sample_page(attack));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("onerror=\""), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
  // The same page with harmless words in the same places has the same structure.
  EXPECT_EQ(tags(page), tags(admin_page(sample_page("words"))));
}

TEST(AdminPage, EveryTagIsClosed) {
  std::vector<std::string> open;
  for (const auto& tag : tags(admin_page(sample_page()))) {
    if (tag == "!DOCTYPE" || tag == "meta") continue;
    if (!tag.starts_with('/')) {
      open.push_back(tag);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    EXPECT_EQ('/' + open.back(), tag);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

TEST(AdminPage, SaysWhatNeedsAPersonAndTheCommandForIt) {
  auto sample = sample_page();
  const auto page = admin_page(sample);
  const auto id = core::to_text(sample.attention.held.at(0).id);
  EXPECT_NE(page.find("Needs attention"), std::string::npos);
  EXPECT_NE(page.find(">batchctl requeue " + id + "<"), std::string::npos);
  EXPECT_NE(page.find(">batchctl adopt " + id + " batches/...<"), std::string::npos);
  EXPECT_NE(page.find("batchctl resume --account research"), std::string::npos);
  EXPECT_NE(page.find(">batchctl resume --model gemini-embedding-001<"), std::string::npos);
  EXPECT_NE(page.find("class=\"verdict bad\""), std::string::npos);
  // A model's name that a shell would take for more than a word.
  sample.attention.paused = {{"", "", "x; rm -rf ~ 'y'"}};
  EXPECT_NE(admin_page(sample).find("--model &#39;x; rm -rf ~ &#39;\\&#39;&#39;y&#39;\\&#39;&#39;&#39;<"),
            std::string::npos);

  sample.attention = {};
  const auto calm = admin_page(sample);
  EXPECT_EQ(calm.find("Needs attention"), std::string::npos);
  EXPECT_NE(calm.find("<p class=\"verdict\">All is well: 1,284 requests wait"), std::string::npos);
  sample.status.counts.accepted += 1;
  EXPECT_NE(admin_page(sample).find("doesn&#39;t close"), std::string::npos);
}

TEST(AdminPage, RefreshesOnlyWhenAsked) {
  auto sample = sample_page();
  EXPECT_EQ(admin_page(sample).find("http-equiv"), std::string::npos);
  sample.refresh = std::chrono::seconds(30);
  EXPECT_NE(admin_page(sample).find("<meta http-equiv=\"refresh\" content=\"30\">"), std::string::npos);
}

TEST(AdminPage, LoadsNothingAndRunsNothing) {
  const auto page = admin_page(sample_page());
  for (const auto* word : {"<script", "javascript:", "http:", "https:", "url(", "@import", "onclick"})
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  EXPECT_NE(page.find("name=\"viewport\""), std::string::npos);
  EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_TRUE(admin_page_policy().starts_with("default-src 'none'"));
}

}  // namespace
}  // namespace batchd::proto
