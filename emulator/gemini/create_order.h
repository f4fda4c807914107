// Reads what a create asks for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/base/blob.h"
#include "emulator/dialect/models.h"
#include "emulator/gemini/router.h"
#include "emulator/server/http.h"

namespace batchd::emulator {

struct Order {
  std::string display_name;
  std::string file_id;
  std::string priority;
  std::shared_ptr<const Blob> inlined;  // requests in the body, one line each; then file_id is empty
};

// Returns the work that a method's batches do.
Work work_asked(const Route& route);
// Reads the body of a create into `order`; returns an error answer if the body is wrong.
std::optional<Response> read_order(std::string_view body, Work work, Order& order);

}  // namespace batchd::emulator
