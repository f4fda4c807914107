// "courier", a batch provider that doesn't exist. The requests stand in the body of the create call, which is refused
// if one of them has a fault; there are no files, a job carries no tag, and nothing stops a late create. Results are
// read by the job's name, and listings show how many requests a job has.
//
//   POST   /c/parcels                {"requests":[{"ref":KEY,"model","item":{...}},...]}       a parcel
//   GET    /c/parcels/P              a job                                                     a parcel
//   GET    /c/parcels?after=P        all jobs, newest first {"parcels":[...],"more":true} GET    /c/parcels/P/outcomes
//   its results POST   /c/parcels/P/recall       stops it GET    /c/me                     whether the key works
//
// A parcel is {"parcel","stage","items":3,"made":MS,"verdict","why":{"kind","text"}}; a refused call has {"error":
// {"kind","text","items":[{"at":0,"text"}]}}. A line of results is
// {"ref":KEY,"outcome":{"kind":"done","answer":{...}}}, or has another kind: "spoiled" with a "fault" {"kind","text"},
// "recalled", "late".
#pragma once

#include <memory>

#include "core/provider.h"

namespace batchd::fictitious {

std::unique_ptr<core::Provider> make_courier();

}  // namespace batchd::fictitious
