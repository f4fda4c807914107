// Keeps credentials and prompts out of words that come from outside and that somebody will read.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace batchd::core {

// Returns `text` without the credentials in it:
// - "(the key)" stands where `own` stood, unless that has fewer than 8 bytes: then it is no secret, and may be part of
// any
//   word;
// - "(a key)" stands where a word of 16 bytes or more stood that begins with one of `prefixes`, or that follows what
//   announces a credential ("api_key:", "?key=", "Bearer ").
// A word has letters, digits and -._~+/.
std::string without_secrets(std::string_view text, std::string_view own, std::span<const std::string> prefixes);

// Returns `text` with "..." in place of what stands in quotes, since a refusal may quote a caller's prompt. Names stay:
// one word that has one of ._/:[ in it, as those of fields, metrics and models. An apostrophe is no quote.
std::string without_quotes(std::string_view text);

}  // namespace batchd::core
