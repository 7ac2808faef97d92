#pragma once

#include <vector>

#include "nets/lower.hpp"
#include "nets/recompute.hpp"

namespace mapnet {

/// For each op whether its value is dropped behind the forward pass, and made again in the backward
/// pass when it is first needed. What crosses a cut between stretches is kept, and so is all of the
/// last stretch, with which the backward pass begins. The stretches are cut where they hold about
/// as many bytes each.
/// Of the layers that are named all but the network's last.
std::vector<bool> dropped_ops(const std::vector<ForwardTrace::Op>& ops, const Recompute& recompute);

/// Throws UsageError when a layer is named that the network has not.
void require_layers(const Recompute& recompute, const Network& net);

}  // namespace mapnet
