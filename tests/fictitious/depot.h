// "depot", a batch provider that doesn't exist. It names uploaded files itself and takes each in one call; a job
// carries a tag, reads its file only after it was created, refuses lines at its end, and has up to two files of
// results.
//
//   POST   /d/crates                 a form with "label" and the lines       {"crate","label","bytes"}
//   GET    /d/crates/C, DELETE       a file                                  {"crate"}
//   GET    /d/crates/C/content       its bytes
//   POST   /d/runs                   {"crate","work","note"}                 a run
//   GET    /d/runs/R                 a job                                   a run
//   GET    /d/runs?after=R           all jobs, newest first                  {"runs":[...],"more":true}
//   POST   /d/runs/R/stop            stops it; 409: it is over
//   GET    /d/models                 whether the key works
//
// A run is {"run","crate","note","state","made","good","bad","faults":[{"code","text","line"}]}, a refused call has
// {"fault":{"code","text"}}. A line of results is {"slip":KEY,"reply":{"code":200,"content":{...}}} or
// {"slip":KEY,"trouble":{"code","text"}}.
#pragma once

#include <memory>

#include "core/provider.h"

namespace batchd::fictitious {

std::unique_ptr<core::Provider> make_depot();

}  // namespace batchd::fictitious
