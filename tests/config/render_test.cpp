#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/config.h"
#include "config/keys.h"

namespace batchd::config {
namespace {

TEST(Render, IsReadBackUnchanged) {
  Config c;
  c.server.socket = "/tmp/with \"quotes\" and \\";
  c.server.socket_mode = 07;
  c.accounts["second"].max_jobs = 3;
  c.packing.models["gemini-2.5-pro"].max_age = seconds(90);
  c.submission.on_ambiguous = OnAmbiguous::hold;
  c.submission.fence_pause = Duration(1234);
  c.log.level = LogLevel::error;
  const auto text = render(c);
  EXPECT_EQ(render(parse(text, "rendered", {}, kAnyKind)), text);
  EXPECT_NE(text.find("fence_pause = \"1234ms\""), std::string::npos);
  EXPECT_NE(text.find("[packing.\"gemini-2.5-pro\"]"), std::string::npos);
}

TEST(Render, DevelopmentDefaultsAreValid) {
  const auto c = dev_defaults("/tmp/state", "batchd.sock", "http://127.0.0.1:9009");
  EXPECT_EQ(render(parse(render(c), "rendered", {}, kAnyKind)), render(c));
  EXPECT_EQ(c.store.path, "/tmp/state/batchd.db");
  EXPECT_LT(c.polling.max, seconds(60));
}

TEST(Render, EveryKeyHasAComment) {
  Config c;
  for (const auto& section : sections_of(c))
    for (const auto& key : section.keys) {
      EXPECT_FALSE(key.comment.empty()) << key.name;
      EXPECT_EQ(key.comment.find('\n'), std::string_view::npos) << key.name;
    }
}

// Mend with: batchd --print-config > config/batchd.toml
TEST(Render, TheShippedFileIsTheDefaults) {
  std::ifstream file(BATCHD_SHIPPED_CONFIG);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), render(Config{}));
}

}  // namespace
}  // namespace batchd::config
