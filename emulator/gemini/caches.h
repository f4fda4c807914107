// Cached contents: a few can be made, named in requests, and expire. Nothing is cached in them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "emulator/base/ids.h"
#include "emulator/base/switches.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

class Caches {
 public:
  static constexpr std::size_t kCachesMax = 1000;  // of all projects; a create beyond gets 429

  explicit Caches(const Switches& switches) : switches_(switches) {}

  Response create(std::string_view project, std::string_view body);
  Response get(std::string_view project, std::string_view id);
  Response list(std::string_view project);
  Response remove(std::string_view project, std::string_view id);

  // True if the project has this cache, made with this model. `name` may begin with "cachedContents/".
  bool has(std::string_view project, std::string_view name, std::string_view model);

 private:
  struct Cache {
    std::string project;
    std::string model;
    std::string display_name;
    std::size_t tokens = 0;
    TimePoint created;
    TimePoint expires;
  };
  using Found = std::map<std::string, Cache, std::less<>>::iterator;

  Found find(std::string_view project, std::string_view id);  // end() if there is none
  static std::string json_of(std::string_view id, const Cache& cache);

  const Switches& switches_;
  std::map<std::string, Cache, std::less<>> caches_;
};

// Returns the answer to a call that names a cache that isn't there, has expired, or is another project's.
Response no_such_cache();

}  // namespace batchd::emulator
