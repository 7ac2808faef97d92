#include "device/ops/mapping_loss.hpp"

#include <cmath>

namespace mapnet {

namespace {

double inverse_softplus(double y) { return y > 20 ? y : std::log(std::expm1(y)); }

}  // namespace

LossTermState first_loss_term(LambdaMode mode, double lambda) {
  LossTermState term;
  term.on = 1;
  term.initial = static_cast<float>(lambda);
  if (mode == LambdaMode::plain) term.s = static_cast<float>(inverse_softplus(lambda));
  if (mode == LambdaMode::floor) term.s = static_cast<float>(inverse_softplus(0.9));
  if (mode == LambdaMode::uncertainty) term.s = static_cast<float>(-std::log(2 * lambda));
  term.lambda = lambda_of(mode, term.initial, term.s);
  return term;
}

}  // namespace mapnet
