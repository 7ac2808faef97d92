#pragma once

#include <vector>

#include "nets/lower.hpp"

namespace mapnet {

/// A network's layers as ops, ReLUs and poolings joined to what is before them where nobody else
/// reads the value between. Inputs and names are set, tensors not yet.
std::vector<ForwardTrace::Op> join_layers(const Network& net);

}  // namespace mapnet
