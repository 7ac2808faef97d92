#pragma once

#include <functional>
#include <span>

namespace mapnet {

/// Is given rows [columns] that a map is learned from, one after another.
using TakeRow = std::function<void(std::span<const float> row)>;

}  // namespace mapnet
