#include "device/ops/conv_pool2d.hpp"

#include <algorithm>

#include "device/cpu/conv2d_steps.hpp"
#include "device/cpu/max_pool_steps.hpp"
#include "device/cpu/parallel.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// What a sub-batch's convolution may put out to stay in the second-level caches of a few cores.
constexpr std::size_t kCachedBytes = std::size_t{2} << 20;

/// Images a sub-batch: a divisor of the batch whose output fits the cache, not much smaller than it
/// could be; else the whole batch. Where the weights outweigh an image's output the parts cost more
/// in weight traffic than the cache saves.
int sub_batch(const std::string& name, const Conv2dDesc& desc, const Tensor& x) {
  const Conv2dShape one = conv2d_shape(name, desc, x.images(0, 1));
  const std::size_t image = one.y.bytes(), weights = one.n_weights * sizeof(float);
  const int most = static_cast<int>(kCachedBytes / image);
  if (most >= x.n || weights > 2 * image) return x.n;
  for (int n = most; n > most / 2; --n)
    if (x.n % n == 0) return n;
  return x.n;
}

MAPNET_CPU_LEVELS void add_range(float* sum, const float* part, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += part[i];
}

/// parts [count, size]: the first becomes the sum of all, in order.
void add_sum(Schedule& schedule, const std::string& name, BufferId parts, std::size_t size,
             int count) {
  Step step;
  step.name = name;
  step.reads = step.writes = {parts};
  step.bytes = static_cast<double>(size) * sizeof(float) * (count + 1);
  step.bind = [=](const Memory& memory) -> Run {
    float* sum = memory.at<float>(parts);
    return [=] {
      for (int k = 1; k < count; ++k)
        add_range(sum, sum + static_cast<std::size_t>(k) * size, size);
    };
  };
  schedule.add(std::move(step));
}

/// Both ops for sub-batches of `n` images.
struct Steps {
  int n;
  Conv2dSteps conv;
  MaxPoolSteps pool;

  Steps(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc, const Tensor& x,
        bool bias)
      : n(sub_batch(name, desc.conv, x)),
        conv(schedule, name, desc.conv, x.images(0, n), bias),
        pool(schedule, name + ".pool", {desc.pool}, conv.y()) {
    check_conv_pool2d(name, desc);
  }
};

}  // namespace

ConvPool2d conv_pool2d_forward(Schedule& schedule, const std::string& name,
                               const ConvPool2dDesc& desc, const Tensor& x,
                               const ParamSlice& weight, const ParamSlice& bias) {
  const Steps steps(schedule, name, desc, x, !bias.absent());
  const int parts = x.n / steps.n;
  ConvPool2d result{steps.pool.y(), kNoBuffer};
  Tensor& y = result.y;
  y.n = x.n;
  y.buffer = schedule.buffer(name + ".pool.y", "activations", y.bytes());
  result.argmax = schedule.buffer(name + ".argmax", "activations",
                                  steps.pool.argmax_bytes() * static_cast<std::size_t>(parts));
  Tensor between = steps.conv.y();
  between.buffer = schedule.buffer(name + ".y", "activations", between.bytes());
  const Arg w = steps.conv.forward_weights(weight);
  for (int k = 0; k < parts; ++k) {
    steps.conv.forward(x.images(k * steps.n, steps.n), w, bias, between);
    steps.pool.forward(between, y.images(k * steps.n, steps.n), result.argmax,
                       steps.pool.argmax_bytes() * static_cast<std::size_t>(k));
  }
  return result;
}

Tensor conv_pool2d_backward(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc,
                            const Tensor& x, const ConvPool2d& forward, const Tensor& dy,
                            const ParamSlice& weight, const ParamSlice& dweight,
                            const ParamSlice& dbias, bool need_dx) {
  const bool has_bias = !dbias.absent();
  const Steps steps(schedule, name, desc, x, has_bias);
  const int parts = x.n / steps.n;
  Tensor between = steps.conv.y();
  between.buffer = schedule.buffer(name + ".dy", "gradients", between.bytes());
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = need_dx ? schedule.buffer(name + ".dx", "gradients", dx.bytes()) : kNoBuffer;
  const Arg w = need_dx ? steps.conv.backward_weights(weight) : Arg{};

  // A sub-batch's weight gradient is written, not added: each gets a place, summed at the end.
  const std::size_t dw_size = steps.conv.dweight_desc().get_size() / sizeof(float);
  const std::size_t db_size = static_cast<std::size_t>(desc.conv.out_channels);
  const auto place = [&](const char* what, std::size_t size) {
    return schedule.buffer(name + what, "weights",
                           size * static_cast<std::size_t>(parts) * sizeof(float));
  };
  const BufferId dw_parts = place(".dweight", dw_size);
  const BufferId db_parts = has_bias ? place(".dbias", db_size) : kNoBuffer;
  for (int k = 0; k < parts; ++k) {
    const auto part = static_cast<std::size_t>(k);
    const Tensor x_part = x.images(k * steps.n, steps.n);
    steps.pool.backward(between, dy.images(k * steps.n, steps.n), forward.argmax,
                        steps.pool.argmax_bytes() * part);
    steps.conv.weight_gradient(x_part, between,
                               {DNNL_ARG_DIFF_WEIGHTS, steps.conv.dweight_desc(), dw_parts, true,
                                dw_size * part * sizeof(float)},
                               {db_parts, db_size * part});
    if (need_dx) steps.conv.backward_data(dx.images(k * steps.n, steps.n), w, between);
  }
  if (parts > 1) add_sum(schedule, name + ".dweight.sum", dw_parts, dw_size, parts);
  add_reorder(schedule, name + ".dweight.reorder", {0, steps.conv.dweight_desc(), dw_parts},
              {0, steps.conv.plain_weight(), dweight.buffer, true, dweight.offset * sizeof(float)});
  if (!has_bias) return dx;
  if (parts > 1) add_sum(schedule, name + ".dbias.sum", db_parts, db_size, parts);
  const dnnl::memory::desc bias_desc = plain_desc({desc.conv.out_channels});
  add_reorder(schedule, name + ".dbias.copy", {0, bias_desc, db_parts},
              {0, bias_desc, dbias.buffer, true, dbias.offset * sizeof(float)});
  return dx;
}

}  // namespace mapnet::cpu
