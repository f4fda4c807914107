// Fetches one answer as a document to show.
#pragma once

#include <variant>

#include "ctl/answers/document.h"
#include "ctl/link/session.h"

namespace batchd::ctl {

// Makes the call and returns its answer, or an exit code after the error was reported. With --json the answer is
// printed as it came and kDone is returned, since nothing is left to show.
std::variant<rapidjson::Document, int> fetch(Session& session, const Call& call);
std::variant<rapidjson::Document, int> fetch(Session& session, const std::string& target);  // GET
std::variant<rapidjson::Document, int> document_of(Session& session,
                                                   const Answer& answer);  // the same for an answer already received

}  // namespace batchd::ctl
