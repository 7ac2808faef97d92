#pragma once

#include "device/ops/adam.hpp"
#include "device/ops/conv2d.hpp"
#include "device/ops/conv_pool2d.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/map.hpp"
#include "device/ops/max_pool.hpp"
#include "device/ops/prune.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet {

/// Every op there is, once: MAPNET_OPS(OP) expands to OP(name) for each.
#define MAPNET_OPS(OP)     \
  OP(adam_step)            \
  OP(conv2d_forward)       \
  OP(conv2d_backward)      \
  OP(conv_pool2d_forward)  \
  OP(conv_pool2d_backward) \
  OP(cross_entropy)        \
  OP(fake_quantize)        \
  OP(fill_normal)          \
  OP(gather_batch)         \
  OP(linear_forward)       \
  OP(linear_backward)      \
  OP(map_setup)            \
  OP(map_forward)          \
  OP(map_backward)         \
  OP(max_pool_forward)     \
  OP(max_pool_backward)    \
  OP(next_batch)           \
  OP(observe_range)        \
  OP(prune)                \
  OP(relayout)             \
  OP(relu_forward)         \
  OP(relu_backward)

/// The twins of one device, an entry an op, of its name and contract. The public functions of
/// ops/*.hpp call the entry of their schedule's device.
struct Ops {
#define MAPNET_OP(name) decltype(&mapnet::name) name = nullptr;
  MAPNET_OPS(MAPNET_OP)
#undef MAPNET_OP
};

}  // namespace mapnet
