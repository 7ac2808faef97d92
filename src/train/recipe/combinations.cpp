#include "train/recipe/combinations.hpp"

#include "train/recipe.hpp"
#include "train/recipe/check.hpp"

namespace mapnet {

void refuse_combinations(const Recipe& r) {
  const bool of_one_map = r.loss.smoothness.on || r.loss.alignment.on;
  refuse(r.refresh.on() && of_one_map, "--refresh",
         "draws the map anew; the terms smooth and align of --loss are worked out for one map");
  refuse(r.refresh.on() && r.regularisation.ema > 0, "--refresh",
         "restarts the latents; their average over restarts (--ema) means nothing");
}

}  // namespace mapnet
