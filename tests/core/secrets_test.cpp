// What is left out of a provider's words.
#include <gtest/gtest.h>

#include <vector>

#include "core/secrets.h"

namespace batchd::core {
namespace {

TEST(Secrets, AreLeftOutOfWords) {
  const std::vector<std::string> prefixes{"AIza", "AQ."};
  const std::string own = "own+/key=of-ours";
  const struct {
    std::string_view said, shown;
  } table[] = {
      {"", ""},
      {"API key not valid. Please pass a valid API key.", "API key not valid. Please pass a valid API key."},
      {"Consumer 'api_key:AIzaSyA-1234567890_abcdefghijklmnopq' has been suspended.",
       "Consumer 'api_key:(a key)' has been suspended."},
      {"AIzaSyA-1234567890_abcdefghijklmnopq.", "(a key)."},
      {"(AIzaSyA-1234567890_abcdefghijklmnopq, AQ.Ab8RN6LeXYZ-0123456789)", "((a key), (a key))"},
      {"the AIza of one, and xAIzaSyA1234567890 within a word",
       "the AIza of one, and xAIzaSyA1234567890 within a word"},
      {"see https://host/v1/files?alt=json&key=abcdefghijklmnop0123&x=1",
       "see https://host/v1/files?alt=json&key=(a key)&x=1"},
      {"Authorization: Bearer ya29.a0AfH6SMBxyz0123456789 is over", "Authorization: Bearer (a key) is over"},
      {"API_KEY=\"sk-proj-0123456789abcdef\"", "API_KEY=\"(a key)\""},
      {"access token: 0123456789abcdef", "access token: (a key)"},
      {"own+/key=of-ours, xown+/key=of-oursx", "(the key), x(the key)x"},
      {"keyboardlayouts0123456789 of files/0123456789abcdef0123",
       "keyboardlayouts0123456789 of files/0123456789abcdef0123"},
      {"batches/00vflfpjn9m10ddmscg9ac8vu3uj is not there", "batches/00vflfpjn9m10ddmscg9ac8vu3uj is not there"},
      {"key : ' ", "key : ' "},
  };
  for (const auto& row : table) EXPECT_EQ(without_secrets(row.said, own, prefixes), row.shown) << row.said;
  EXPECT_EQ(without_secrets("a b c", "b", {}), "a b c") << "too short to be a secret";
  EXPECT_EQ(without_secrets("a b c", "", {}), "a b c");
}

TEST(Secrets, WhatIsQuotedMayBeAPrompt) {
  const struct {
    std::string_view said, shown;
  } table[] = {
      {"", ""},
      {"no such field: 'ann secret'", "no such field: '...'"},
      {"no such field: 'secret' at line 7", "no such field: '...' at line 7"},
      {"it can't be that \"a 'b' c\" isn't known", "it can't be that \"...\" isn't known"},
      {"it's 'an 'inner' quote' too", "it's '...' too"},
      {"it begins: `and never ends", "it begins: `..."},
      {"a mark at the end '", "a mark at the end '..."},
      {"''", "'...'"},
      {"the field 'contents[0].parts' of 'models/m-1' has 'a b'",
       "the field 'contents[0].parts' of 'models/m-1' has '...'"},
      {"Consumer 'api_key:(the key)' is suspended", "Consumer '...' is suspended"},
  };
  for (const auto& row : table) EXPECT_EQ(without_quotes(row.said), row.shown) << row.said;
}

}  // namespace
}  // namespace batchd::core
