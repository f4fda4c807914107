#include "core/provider.h"

namespace batchd::core {

std::string_view to_text(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::not_sent:
      return "not_sent";
    case Fault::Kind::unclear:
      return "unclear";
    case Fault::Kind::transient:
      return "transient";
    case Fault::Kind::throttled:
      return "throttled";
    case Fault::Kind::account:
      return "account";
    case Fault::Kind::lines_refused:
      return "lines_refused";
    case Fault::Kind::refused:
      return "refused";
    case Fault::Kind::unexplained:
      return "unexplained";
    case Fault::Kind::model_missing:
      return "model_missing";
    case Fault::Kind::file_gone:
      return "file_gone";
    case Fault::Kind::too_large:
      return "too_large";
    case Fault::Kind::name_taken:
      return "name_taken";
    case Fault::Kind::upload_gone:
      return "upload_gone";
    case Fault::Kind::variant_refused:
      return "variant_refused";
    case Fault::Kind::missing:
      return "missing";
  }
  return "unknown";
}

}  // namespace batchd::core
