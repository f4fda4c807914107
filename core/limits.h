// Every fixed bound, with its unit in the name or the comment, and why it is what it is.
// Bounds that an operator may move are keys of the configuration instead.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace batchd::core {

// --- identities on the wire
inline constexpr std::size_t kWireKeyBytes =
    27;  // "<13>-<13>"; the provider echoes keys of any length, ours stay short
inline constexpr std::size_t kFileNameBytesMax = 40;  // Gemini API reference, files.create: id without "files/"

// --- bodies
inline constexpr std::size_t kChunkBytesMax = 1 << 20;      // one row of the chunk table; the unit of all streaming
inline constexpr std::int64_t kRequestBytesMax = 32 << 20;  // one request body
inline constexpr std::int64_t kResultLineBytesMax = 256LL << 20;  // one result line: images come in base64
inline constexpr std::size_t kJsonDepthMax = 64;                  // nesting of what clients send

// --- names that clients choose (bytes)
inline constexpr std::size_t kModelBytesMax = 128;
inline constexpr std::size_t kClientKeyBytesMax = 512;
inline constexpr std::size_t kIdempotencyKeyBytesMax = 255;
inline constexpr std::size_t kChannelBytesMax = 128;  // of groups, too
inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelBytesMax = 256;  // name and value each

// --- calls of many requests
inline constexpr std::size_t kEmbedsPerCallMax = 100;  // of one :batchEmbedContents, as at Gemini

// --- one verb of the store: what may run between two acknowledgements
inline constexpr int kVerbRowsMax = 2000;
inline constexpr std::size_t kVerbBytesMax = 1 << 20;
inline constexpr int kGroupLinesMax = kVerbRowsMax / 4;  // of one accept_lines(): each is looked up, written, and noted

// --- answers
inline constexpr std::size_t kLineFaultsShown = 100;         // of a bulk submission
inline constexpr std::chrono::seconds kHeartbeatPeriod{15};  // of event streams: proxies cut off what is silent

// --- uploads
inline constexpr std::int64_t kUploadChunkBytes = 8 << 20;  // X-Goog-Upload-Chunk-Granularity, as seen at Gemini

// --- lineages of batches
inline constexpr int kCreatesPerRootMax = 64;   // bisection bound
inline constexpr int kFencesPerLineageMax = 3;  // then an operator looks

// --- words of others that we keep
inline constexpr std::size_t kProviderMessageBytesMax = 2000;

}  // namespace batchd::core
