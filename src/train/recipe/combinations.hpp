#pragma once

namespace mapnet {

struct Recipe;

/// Throws UsageError, naming both flags, where two groups of a recipe contradict each other.
void refuse_combinations(const Recipe& recipe);

}  // namespace mapnet
