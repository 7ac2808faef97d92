#pragma once

namespace mapnet {

struct Network;
struct Recipe;

/// Throws UsageError, naming the flags, where two groups of a recipe contradict each other or one
/// of them the network's task.
void refuse_combinations(const Recipe& recipe, const Network& net);

}  // namespace mapnet
