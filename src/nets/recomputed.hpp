#pragma once

#include <vector>

#include "nets/lower.hpp"
#include "nets/recompute.hpp"

namespace mapnet {

/// For each op whether its value is dropped behind the forward pass, and made again in the backward
/// pass when it is first needed. What crosses a cut between stretches is kept, and so is all of the
/// last stretch, with which the backward pass begins. The stretches are cut where they hold about
/// as many bytes each.
std::vector<bool> dropped_ops(const std::vector<ForwardTrace::Op>& ops, const Recompute& recompute);

}  // namespace mapnet
