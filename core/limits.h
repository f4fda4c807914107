// Fixed bounds that several rooms share, each with its unit in the name or the comment, and its reason.
// Bounds that an operator may change are keys of the configuration instead.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace batchd::core {

// --- identities on the wire
inline constexpr std::size_t kWireKeyBytes = 27;      // two ids of 13 and a hyphen
inline constexpr std::size_t kFileNameBytesMax = 40;  // of an upload, in our words; the least that a provider takes

// --- bodies
inline constexpr std::size_t kChunkBytesMax = 1 << 20;      // one chunk of a stored body; the unit of all streaming
inline constexpr std::int64_t kRequestBytesMax = 32 << 20;  // one request body
inline constexpr std::int64_t kResultLineBytesMax = 256LL << 20;  // one result line, which may hold images in base64
inline constexpr std::size_t kJsonDepthMax = 64;                  // nesting of JSON that clients send

// --- names that clients choose (bytes)
inline constexpr std::size_t kModelBytesMax = 128;
inline constexpr std::size_t kClientKeyBytesMax = 512;
inline constexpr std::size_t kIdempotencyKeyBytesMax = 255;
inline constexpr std::size_t kChannelBytesMax = 128;  // a channel's name, and a group's
inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelBytesMax = 256;  // name and value, each

// --- one verb of the store: the most work that an acknowledgement may have to wait for
inline constexpr int kVerbRowsMax = 2000;
inline constexpr std::size_t kVerbBytesMax = 1 << 20;
inline constexpr int kGroupLinesMax = kVerbRowsMax / 4;  // in one accept_lines(): each is looked up, inserted and noted

// --- answers
inline constexpr std::size_t kLineFaultsShown = 100;  // in the answer to a bulk submission

// --- lineages of batches
inline constexpr int kCreatesPerPartMax = 64;   // bounds what a bisection may cost each owner
inline constexpr int kFencesPerLineageMax = 3;  // then the batch is held for an operator

// --- texts of the provider that we keep
inline constexpr std::size_t kProviderMessageBytesMax = 2000;
inline constexpr std::size_t kProviderErrorBytesMax = 8 << 10;  // an error's body as it came, kept with each request

}  // namespace batchd::core
