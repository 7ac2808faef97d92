#pragma once

#include <cstdint>
#include <string>

#include "device/host_device.hpp"
#include "device/math.hpp"
#include "device/ops/adam.hpp"

/// The weights of the mapping loss (eq. 26) and what they are trained from.
namespace mapnet {

/// How a lambda comes from its trained parameter s. The paper trains them and does not say how.
enum class LambdaMode {
  fixed,        ///< not trained
  plain,        ///< lambda = softplus(s): minimising the loss drives it to zero
  floor,        ///< lambda = initial (1 / 10 + softplus(s)): never below a tenth of the initial one
  uncertainty,  ///< lambda = exp(-s) / 2 with s / 2 added to the loss (Kendall et al. 2018)
};

/// Where a term stands in MappingLossState.
enum LossTermIndex { kStability, kSmoothness, kAlignment, kLossTerms };

/// One term: its weight, how that is trained, and what the term was.
struct LossTermState {
  std::int32_t on = 0;
  float lambda = 0;      ///< in this step
  float initial = 0;     ///< lambda of the first step
  float s = 0;           ///< what is trained
  float m = 0, v = 0;    ///< Adam's moments of s
  double value = 0;      ///< of this step: ops add to it
  double value_sum = 0;  ///< over the steps since the trainer last cleared it
};

/// All of them, as they lie in the arena.
struct MappingLossState {
  LossTermState terms[kLossTerms];
  std::int64_t steps = 0;  ///< that the sums are over
};

/// log(1 + exp(s)); by its series where the 1 would swallow the rest.
MAPNET_HOST_DEVICE inline float softplus(float s) {
  if (s > 20.0f) return s;
  const float e = math::exp(s < -80.0f ? -80.0f : s);
  return e < 0.01f ? e * (1.0f - e * (0.5f - e / 3.0f)) : math::log(1.0f + e);
}

MAPNET_HOST_DEVICE inline float lambda_of(LambdaMode mode, float initial, float s) {
  switch (mode) {
    case LambdaMode::plain:
      return softplus(s);
    case LambdaMode::floor:
      return initial * (0.1f + softplus(s));
    case LambdaMode::uncertainty:
      return 0.5f * math::exp(-s);
    case LambdaMode::fixed:
      break;
  }
  return initial;
}

/// d loss / d s at a term of the given value; the loss counts lambda * value, and s / 2 beside it
/// for `uncertainty`.
MAPNET_HOST_DEVICE inline float lambda_gradient(LambdaMode mode, float initial, float s,
                                                float value) {
  const float sigmoid = 1.0f / (1.0f + math::exp(s < -40.0f ? 40.0f : s > 40.0f ? -40.0f : -s));
  switch (mode) {
    case LambdaMode::plain:
      return value * sigmoid;
    case LambdaMode::floor:
      return value * initial * sigmoid;
    case LambdaMode::uncertainty:
      return 0.5f - 0.5f * math::exp(-s) * value;
    case LambdaMode::fixed:
      break;
  }
  return 0;
}

/// A term that begins with the given lambda, more than 0.
LossTermState first_loss_term(LambdaMode mode, double lambda);

/// What ends a step: counts the term's value, trains s, and begins the next step's sum.
MAPNET_HOST_DEVICE inline void finish_loss_term(LossTermState& term, LambdaMode mode,
                                                const AdamDesc& adam, const AdamRates& rates) {
  if (!term.on) return;
  term.value_sum += term.value;
  if (mode != LambdaMode::fixed) {
    const float gradient =
        lambda_gradient(mode, term.initial, term.s, static_cast<float>(term.value));
    adam_update(term.s, term.m, term.v, gradient, adam, rates);
    term.lambda = lambda_of(mode, term.initial, term.s);
  }
  term.value = 0;
}

/// Adds the step that ends a step of the mapping loss; `loss` a MappingLossState, trained with the
/// rates of the control block, as the latents are.
void lambda_step(Schedule& schedule, const std::string& name, LambdaMode mode, BufferId loss,
                 BufferId control);

}  // namespace mapnet
