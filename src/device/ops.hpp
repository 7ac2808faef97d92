#pragma once

#include "device/ops/adam.hpp"
#include "device/ops/add.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/alignment.hpp"
#include "device/ops/avg_pool.hpp"
#include "device/ops/batch_norm.hpp"
#include "device/ops/concat.hpp"
#include "device/ops/conv2d.hpp"
#include "device/ops/conv_pool2d.hpp"
#include "device/ops/conv_transpose2d.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/ema.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/gather_floats.hpp"
#include "device/ops/gemv.hpp"
#include "device/ops/jacobian_probe.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/lstm.hpp"
#include "device/ops/map.hpp"
#include "device/ops/map_refresh.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/max_pool.hpp"
#include "device/ops/mean_over_ranks.hpp"
#include "device/ops/micro_batch.hpp"
#include "device/ops/mse.hpp"
#include "device/ops/pixel_cross_entropy.hpp"
#include "device/ops/prune.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "device/ops/row_factors.hpp"
#include "device/ops/share.hpp"
#include "device/ops/smoothness.hpp"
#include "device/ops/stability.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet {

/// Every op there is, once: MAPNET_OPS(OP) expands to OP(name) for each.
#define MAPNET_OPS(OP)          \
  OP(accumulate)                \
  OP(adam_step)                 \
  OP(add_forward)               \
  OP(add_scaled)                \
  OP(alignment)                 \
  OP(average_parts)             \
  OP(batch_norm_backward)       \
  OP(batch_norm_evaluate)       \
  OP(batch_norm_forward)        \
  OP(concat_backward)           \
  OP(concat_forward)            \
  OP(conv2d_backward)           \
  OP(conv2d_forward)            \
  OP(conv_pool2d_backward)      \
  OP(conv_pool2d_forward)       \
  OP(conv_transpose2d_backward) \
  OP(conv_transpose2d_forward)  \
  OP(cross_entropy)             \
  OP(ema_step)                  \
  OP(end_micro_batches)         \
  OP(fake_quantize)             \
  OP(fill)                      \
  OP(fill_normal)               \
  OP(gather_batch)              \
  OP(gather_floats)             \
  OP(gemv_backward)             \
  OP(gemv_forward)              \
  OP(global_avg_pool_backward)  \
  OP(global_avg_pool_forward)   \
  OP(lambda_step)               \
  OP(linear_backward)           \
  OP(linear_forward)            \
  OP(lstm_backward)             \
  OP(lstm_forward)              \
  OP(map_backward)              \
  OP(map_forward)               \
  OP(map_redraw)                \
  OP(map_restart)               \
  OP(map_row_norms)             \
  OP(map_setup)                 \
  OP(max_pool_backward)         \
  OP(max_pool_forward)          \
  OP(mean_over_ranks)           \
  OP(mse)                       \
  OP(next_batch)                \
  OP(next_micro_batch)          \
  OP(observe_range)             \
  OP(perturb_latents)           \
  OP(pixel_cross_entropy)       \
  OP(probe_latents)             \
  OP(probe_latents_backward)    \
  OP(probe_rows)                \
  OP(prune)                     \
  OP(relayout)                  \
  OP(relu_backward)             \
  OP(relu_forward)              \
  OP(row_factors_backward)      \
  OP(row_factors_forward)       \
  OP(row_factors_setup)         \
  OP(share_backward)            \
  OP(share_forward)             \
  OP(share_setup)               \
  OP(smoothness)                \
  OP(stability)

/// The twins of one device, an entry an op, of its name and contract. The public functions of
/// ops/*.hpp call the entry of their schedule's device.
struct Ops {
#define MAPNET_OP(name) decltype(&mapnet::name) name = nullptr;
  MAPNET_OPS(MAPNET_OP)
#undef MAPNET_OP
};

}  // namespace mapnet
