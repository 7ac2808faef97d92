#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "memory/plan.hpp"

namespace mapnet {

/// What the buffers of one group come to, in the bytes they asked for.
struct Group {
  std::string name;
  std::size_t buffers = 0;
  std::size_t bytes = 0;
  std::size_t peak_bytes = 0;  ///< the most of them live at any one step
};

/// In the order in which the plan first names them.
std::vector<Group> groups_of(const Plan& plan);

}  // namespace mapnet
