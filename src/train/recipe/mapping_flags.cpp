#include "train/recipe/mapping_flags.hpp"

#include "train/recipe.hpp"
#include "train/recipe/check.hpp"

namespace mapnet {

void refuse_mapping_flags(const RunConfig& c, const char* why) {
  refuse(c.latent.has_value(), "--latent", why);
  refuse(!c.latents.empty(), "--latents", why);
  refuse(c.map.has_value(), "--map", why);
  refuse(c.learned_map.any(), "--map-data, --map-samples, --map-epochs and the like", why);
  refuse(c.modulation.has_value(), "--modulation", why);
  refuse(c.alpha.has_value(), "--alpha", why);
  refuse(c.activation.has_value(), "--activation", why);
  refuse(c.omega.has_value(), "--omega", why);
  refuse(c.base.has_value(), "--base", why);
  refuse(c.latent_std.has_value(), "--latent-std", why);
}

}  // namespace mapnet
