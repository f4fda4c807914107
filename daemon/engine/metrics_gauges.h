// The metrics that are read from the status. They are built anew at each scrape, so that a lane that is gone disappears
// here too.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <vector>

#include "daemon/engine/metrics.h"

namespace batchd::daemon {

std::vector<prometheus::MetricFamily> gauges_of(const proto::AdminStatus& status, const proto::Attention& attention,
                                                const Metrics::Process& process, core::WallTime started_at);

}  // namespace batchd::daemon
