// Identities. Strong types over 63-bit integers; people and URLs see 13 characters of lower-case base32.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace batchd::core {

// A 63-bit identity that can't be mixed up with one of another kind. Value 0 means "none" and is never an identity.
template <class Tag>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(std::int64_t value) : value_(value) {}
  constexpr std::int64_t value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  constexpr auto operator<=>(const Id&) const = default;

 private:
  std::int64_t value_ = 0;
};

using RequestId = Id<struct RequestTag>;  // one accepted request; from IdSource, so in order of time
using BatchId = Id<struct BatchTag>;      // one batch, which becomes at most one provider job; from IdSource
using LaneId = Id<struct LaneTag>;        // one (account, endpoint, model)
using BodyId = Id<struct BodyTag>;        // one stored body (request or result line), in chunks

// Who owns a request. For a peer on the Unix socket: uid + 1, so that root isn't "none". Owners named by bearer tokens
// begin at 2^32 + 1.
using OwnerId = Id<struct OwnerTag>;
constexpr OwnerId owner_of_uid(std::uint32_t uid) { return OwnerId{static_cast<std::int64_t>(uid) + 1}; }

// Returns `value` (not negative) in kBase32Digits, most significant digit first, always 13 characters.
std::string id_text(std::int64_t value);
std::optional<std::int64_t> parse_id_text(std::string_view text);  // nullopt if not exactly what id_text() makes

template <class Tag>
std::string to_text(Id<Tag> id) {
  return id_text(id.value());
}
template <class IdType>
std::optional<IdType> parse_id(std::string_view text) {
  const auto value = parse_id_text(text);
  if (!value || *value == 0) return std::nullopt;
  return IdType{*value};
}

// Makes ids in order of time: 41 bits of milliseconds since 2025-01-01, 10 of node, 12 of sequence. Ids never go
// backwards, even if the clock does: they go on from the high-water mark, which the owner of this object must persist
// (a store does).
class IdSource {
 public:
  IdSource(std::int64_t high_water, int node);
  std::int64_t next(WallTime now);
  std::int64_t high_water() const { return last_; }

 private:
  std::int64_t last_;
  std::int64_t node_;
};

// Returns the key of one line at the provider: "<batch>-<request>", 27 characters of [0-9a-z-]. The key has both ids in
// it, so a result is looked up without an index; and it differs for every attempt, so a late line of an old batch can't
// be taken for one of a new batch.
std::string wire_key(BatchId batch, RequestId request);
struct WireKey {
  BatchId batch;
  RequestId request;
};
std::optional<WireKey> parse_wire_key(std::string_view text);  // nullopt if not exactly what wire_key() makes

// Returns our name of a batch's n-th upload: "<batch>-<n>", at most kFileNameBytesMax characters of [0-9a-z-].
std::string upload_name(BatchId batch, int n);

}  // namespace batchd::core

template <class Tag>
struct std::hash<batchd::core::Id<Tag>> {
  std::size_t operator()(batchd::core::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value()); }
};
