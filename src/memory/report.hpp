#pragma once

#include <string>

#include "memory/plan.hpp"

namespace mapnet {

/// A plain-text table for people: one row a buffer (name, group, bytes, offset, first, last), then
/// the summary.
std::string plan_table(const Plan& plan);

/// A sum a group, then total, lower bound and their ratio.
std::string plan_summary(const Plan& plan);

/// The same facts for tools: {"total_bytes", "lower_bound_bytes", "buffers": [...], "groups":
/// {...}}.
std::string plan_json(const Plan& plan);

/// The plan as a picture: time across (one column a step), address up, one labelled box a buffer
/// coloured by group, with a legend and the lower bound drawn in. A complete SVG 1.1 document.
/// `step_names`, if not empty, gives the time axis its labels (one a step).
std::string plan_svg(const Plan& plan, const std::vector<std::string>& step_names = {});

}  // namespace mapnet
