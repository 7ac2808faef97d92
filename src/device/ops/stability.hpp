#pragma once

#include <cstdint>
#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

/// The stability term (eq. 28): E || f_theta(z + eps)(x) - f_theta(z)(x) ||^2, eps ~ N(0, sigma^2).
/// The expectation is over the batch, with one eps a step; of a segmentation over its pixels too,
/// as the task's loss is.
namespace mapnet {

/// Adds the step perturbed [n] = z [n] + stddev * N(0, 1) from (seed, Stream::stability), other
/// values each step.
void perturb_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId perturbed,
                     std::size_t n, float stddev, std::uint64_t seed, BufferId control);

/// Adds the step of the term, over the first n rows of the batch (of which the batch's padding does
/// not count): logits [N, K, ...] of theta(z), perturbed [n, K, ...] of theta(z + eps) in
/// the same layout, n <= N. Adds its
/// value to the MappingLossState `loss`; adds lambda times its gradient to dlogits [N, K] and sets
/// dperturbed [n, K] to it.
void stability(Schedule& schedule, const std::string& name, const Tensor& logits,
               const Tensor& perturbed, BufferId loss, BufferId control, const Tensor& dlogits,
               const Tensor& dperturbed);

}  // namespace mapnet
