// One answer, as a document to show.
#pragma once

#include <variant>

#include "ctl/answers/document.h"
#include "ctl/link/session.h"

namespace batchd::ctl {

// Asks, and reads the answer; or an exit code. With --json the answer is printed as it came, and there is nothing left
// to show: kDone.
std::variant<rapidjson::Document, int> fetch(Session& session, const Call& call);
std::variant<rapidjson::Document, int> fetch(Session& session, const std::string& target);   // GET
std::variant<rapidjson::Document, int> document_of(Session& session, const Answer& answer);  // the same, if it is here

}  // namespace batchd::ctl
