#pragma once

#include <string>

#include "device/schedule.hpp"

namespace mapnet {

/// Adds the step y [n] += scale * x [n].
void add_scaled(Schedule& schedule, const std::string& name, BufferId y, BufferId x, float scale,
                std::size_t n);

/// Adds the step y [n] = value.
void fill(Schedule& schedule, const std::string& name, BufferId y, float value, std::size_t n);

}  // namespace mapnet
