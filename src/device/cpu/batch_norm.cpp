#include "device/ops/batch_norm.hpp"

#include <algorithm>

#include "device/cpu/batch_norm_loops.hpp"
#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

float* at(const Memory& memory, const ParamSlice& slice) {
  return slice.absent() ? nullptr : memory.at<float>(slice.buffer) + slice.offset;
}

/// What the channels of a tensor are normalised with: mean [C], and either 1 / std [C] or the
/// variance [C].
struct Channels {
  int n, block;
  const float *gamma, *beta, *mean, *inverse_std, *variance;
  BatchNormDesc desc;

  float inverse_std_of(int c) const {
    return variance ? batch_norm_inverse_std(variance[c], desc.epsilon) : inverse_std[c];
  }
  /// Of block b of channels.
  NormLanes lanes(int b) const {
    NormLanes p;
    for (std::size_t l = 0; l < kLanes; ++l) {
      const int c = b * block + static_cast<int>(l) % block;
      if (c >= n) continue;
      p.mean[l] = mean[c];
      p.scale[l] = batch_norm_scale(desc, gamma[c], inverse_std_of(c));
      p.beta[l] = beta[c];
    }
    return p;
  }
};

/// `own` [2, C]: mean and 1 / std of a batch.
Channels of_batch(const Memory& memory, const BatchNormDesc& desc, const Tensor& x,
                  const BatchNormParams& params, BufferId own) {
  const auto* statistics = memory.at<const float>(own);
  return {x.c,
          x.channel_block,
          at(memory, params.gamma),
          at(memory, params.beta),
          statistics,
          statistics + x.c,
          nullptr,
          desc};
}

Tensor like(Schedule& schedule, const Tensor& x, const std::string& name, const char* group) {
  Tensor y = x;
  y.offset = 0;
  y.buffer = schedule.buffer(name, group, y.bytes());
  return y;
}

/// Adds the step that normalises all images of x.
Tensor add_normalise(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                     const Tensor& x, const std::vector<BufferId>& reads,
                     std::function<Channels(const Memory&)> channels_at) {
  const Tensor y = like(schedule, x, name + ".y", "activations");
  Step step;
  step.name = name + ".forward";
  step.reads = reads;
  step.writes = {y.buffer};
  step.flops = 3.0 * static_cast<double>(x.n) * static_cast<double>(x.features());
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  step.bind = [=, n_threads = schedule.n_threads(), relu = desc.relu](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    auto* to = memory.at<float>(y.buffer);
    const Channels channels = channels_at(memory);
    return [=, tasks = ChannelTasks(x)] {
      parallel_for(tasks.count(), n_threads, [&](int task) {
        const NormLanes lanes = channels.lanes(tasks.block_of(task));
        tasks.for_runs(task, [&](int, std::size_t first, std::size_t n) {
          normalise(to + first, from + first, n, lanes, relu);
        });
      });
    };
  };
  schedule.add(std::move(step));
  return y;
}

}  // namespace

BatchNorm batch_norm_forward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                             const Tensor& x, const BatchNormParams& params, BufferId control) {
  const ChannelTasks shape(x);
  const auto block = static_cast<std::size_t>(x.channel_block);
  BatchNorm forward;
  forward.statistics = schedule.buffer(name + ".statistics", "activations",
                                       2 * static_cast<std::size_t>(x.c) * sizeof(float));
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace",
                      static_cast<std::size_t>(shape.count()) * block * sizeof(Moments<double>));
  Step step;
  step.name = name + ".statistics";
  step.reads = {x.buffer, control};
  step.writes = {forward.statistics, parts};
  if (desc.update_statistics)
    for (const BufferId running : {params.running_mean.buffer, params.running_var.buffer}) {
      step.reads.push_back(running);
      step.writes.push_back(running);
    }
  step.flops = 4.0 * static_cast<double>(x.n) * static_cast<double>(x.features());
  step.bytes = static_cast<double>(x.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    const auto* c = memory.at<const StepControl>(control);
    auto* of_task = memory.at<Moments<double>>(parts);  // [block of channels][task][block]
    auto* mean = memory.at<float>(forward.statistics);
    float* running_mean = desc.update_statistics ? at(memory, params.running_mean) : nullptr;
    float* running_var = desc.update_statistics ? at(memory, params.running_var) : nullptr;
    return [=, tasks = ChannelTasks(x)] {
      parallel_for(tasks.count(), n_threads, [&](int task) {
        Moments<double> lanes[kLanes] = {};
        tasks.for_runs(task, [&](int image, std::size_t first, std::size_t n) {
          if (image < c->now.count) add_moments(lanes, from + first, n);
        });
        for (std::size_t l = block; l < kLanes; ++l) merge(lanes[l % block], lanes[l]);
        std::copy_n(lanes, block, of_task + static_cast<std::size_t>(task) * block);
      });
      parallel_for(x.c, x.c * static_cast<int>(tasks.per_block()) < 4096 ? 1 : n_threads,
                   [&](int channel) {
                     const auto k = static_cast<std::size_t>(channel);
                     const auto* part = of_task + k / block * tasks.per_block() * block + k % block;
                     Moments<double> all = {};
                     for (std::size_t t = 0; t < tasks.per_block(); ++t)
                       merge(all, part[t * block]);
                     batch_norm_finish(all, desc, mean[k], mean[k + static_cast<std::size_t>(x.c)],
                                       running_mean ? running_mean + k : nullptr,
                                       running_var ? running_var + k : nullptr);
                   });
    };
  };
  schedule.add(std::move(step));
  forward.y = add_normalise(
      schedule, name, desc, x,
      {x.buffer, forward.statistics, params.gamma.buffer, params.beta.buffer},
      [=](const Memory& memory) { return of_batch(memory, desc, x, params, forward.statistics); });
  return forward;
}

Tensor batch_norm_evaluate(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNormParams& params) {
  return add_normalise(schedule, name, desc, x,
                       {x.buffer, params.gamma.buffer, params.beta.buffer,
                        params.running_mean.buffer, params.running_var.buffer},
                       [=](const Memory& memory) -> Channels {
                         return {x.c,
                                 x.channel_block,
                                 at(memory, params.gamma),
                                 at(memory, params.beta),
                                 at(memory, params.running_mean),
                                 nullptr,
                                 at(memory, params.running_var),
                                 desc};
                       });
}

Tensor batch_norm_backward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNorm& forward, const Tensor& dy,
                           const BatchNormParams& params, const ParamSlice& dgamma,
                           const ParamSlice& dbeta, BufferId control) {
  const ChannelTasks shape(x);
  const auto block = static_cast<std::size_t>(x.channel_block);
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace",
                      static_cast<std::size_t>(shape.count()) * block * sizeof(GradientSums));
  const BufferId gradients = schedule.buffer(
      name + ".gradients", "workspace", static_cast<std::size_t>(x.c) * sizeof(BatchNormGradient));
  const double values = static_cast<double>(x.n) * static_cast<double>(x.features());

  Step sums;
  sums.name = name + ".sums";
  sums.reads = {x.buffer,           dy.buffer, forward.statistics, params.gamma.buffer,
                params.beta.buffer, control};
  sums.writes = {parts, gradients, dgamma.buffer, dbeta.buffer};
  sums.flops = 4 * values;
  sums.bytes = static_cast<double>(x.bytes() + dy.bytes());
  sums.bind = [=, n_threads = schedule.n_threads(), relu = desc.relu](const Memory& memory) -> Run {
    const auto* input = memory.at<const float>(x.buffer) + x.offset;
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* c = memory.at<const StepControl>(control);
    const Channels channels = of_batch(memory, desc, x, params, forward.statistics);
    auto* of_task = memory.at<GradientSums>(parts);  // [block of channels][task][block]
    auto* of_channel = memory.at<BatchNormGradient>(gradients);
    float *dg = at(memory, dgamma), *db = at(memory, dbeta);
    return [=, tasks = ChannelTasks(x)] {
      parallel_for(tasks.count(), n_threads, [&](int task) {
        const NormLanes lanes = channels.lanes(tasks.block_of(task));
        GradientSums found[kLanes] = {};
        tasks.for_runs(task, [&](int image, std::size_t first, std::size_t n) {
          if (image < c->now.count)
            add_gradient_sums(found, input + first, gradient + first, n, lanes, relu);
        });
        for (std::size_t l = block; l < kLanes; ++l) {
          found[l % block].dy += found[l].dy;
          found[l % block].dy_x += found[l].dy_x;
        }
        std::copy_n(found, block, of_task + static_cast<std::size_t>(task) * block);
      });
      // A stability pass has fewer rows than the batch has samples.
      const double n = static_cast<double>(std::min(x.n, c->now.count)) * x.h * x.w;
      for (std::size_t k = 0; k < static_cast<std::size_t>(x.c); ++k) {
        const auto* part = of_task + k / block * tasks.per_block() * block + k % block;
        GradientSums all = {};
        for (std::size_t t = 0; t < tasks.per_block(); ++t) {
          all.dy += part[t * block].dy;
          all.dy_x += part[t * block].dy_x;
        }
        of_channel[k] =
            batch_norm_gradient(all.dy, all.dy_x, n, channels.inverse_std[k], dg[k], db[k]);
      }
    };
  };
  schedule.add(std::move(sums));

  const Tensor dx = like(schedule, x, name + ".dx", "gradients");
  Step step;
  step.name = name + ".backward";
  step.reads = {x.buffer,           dy.buffer, forward.statistics, params.gamma.buffer,
                params.beta.buffer, control,   gradients};
  step.writes = {dx.buffer};
  step.flops = 5 * values;
  step.bytes = static_cast<double>(x.bytes() + dy.bytes() + dx.bytes());
  step.bind = [=, n_threads = schedule.n_threads(), relu = desc.relu](const Memory& memory) -> Run {
    const auto* input = memory.at<const float>(x.buffer) + x.offset;
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* c = memory.at<const StepControl>(control);
    const Channels channels = of_batch(memory, desc, x, params, forward.statistics);
    const auto* of_channel = memory.at<const BatchNormGradient>(gradients);
    auto* to = memory.at<float>(dx.buffer);
    return [=, tasks = ChannelTasks(x)] {
      parallel_for(tasks.count(), n_threads, [&](int task) {
        const int b = tasks.block_of(task);
        const NormLanes lanes = channels.lanes(b);
        GradientLanes means;
        for (std::size_t l = 0; l < kLanes; ++l) {
          const int k = b * x.channel_block + static_cast<int>(l % block);
          if (k >= x.c) continue;
          means.mean_dy[l] = of_channel[k].mean_dy;
          means.slope[l] = of_channel[k].slope;
        }
        tasks.for_runs(task, [&](int image, std::size_t first, std::size_t n) {
          if (image < c->now.count)
            normalise_backward(to + first, input + first, gradient + first, n, lanes, means, relu);
          else
            std::fill_n(to + first, n, 0.0f);
        });
      });
    };
  };
  schedule.add(std::move(step));
  return dx;
}

}  // namespace mapnet::cpu
