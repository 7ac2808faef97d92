#include "train/recipe/combinations.hpp"

#include "data/manifest.hpp"
#include "nets/network.hpp"
#include "nets/recomputed.hpp"
#include "train/recipe.hpp"
#include "train/recipe/check.hpp"

namespace mapnet {

void refuse_combinations(const Recipe& r, const Network& net) {
  require_layers(r.footprint.recompute, net);
  refuse(net.task != Task::classify && r.regularisation.label_smoothing > 0, "--label-smoothing",
         "is for networks that answer with one class");
  refuse(holds_videos(r.data) && r.regularisation.augments(),
         "--augment-shift, --augment-flip, --cutout", "change images; features of videos are none");
  refuse(net.task == Task::forecast && r.add_ons.int8, "--quantize",
         "is for convolutional and fully connected layers");
  const MappingConfig& m = r.mapping;
  const bool of_one_map = r.loss.smoothness.on || r.loss.alignment.on;
  const bool pruned = r.add_ons.pruning.on();
  refuse(r.refresh.on() && of_one_map, "--refresh",
         "draws the map anew; the terms smooth and align of --loss are worked out for one map");
  refuse(r.refresh.on() && r.regularisation.ema > 0, "--refresh",
         "restarts the latents; their average over restarts (--ema) means nothing");
  refuse(r.refresh.on() && pruned, "--refresh",
         "folds theta into the base of the map; --prune holds parts of it at zero");
  refuse(r.refresh.on() && m.finetune.on(), "--refresh",
         "folds theta into the base of the map; with --pretrained that is the given weights");
  refuse(r.refresh.on() && (m.variant == Variant::lv_wmap || trains_map(m.variant)), "--refresh",
         "draws a fixed map anew and restarts z; this --variant trains more than z");
  refuse(r.loss.stability_fraction < 1 && net.state_count() > 0, "--stab-fraction",
         "below 1 compares logits that were normalised by a whole batch with some that are by its "
         "first samples alone, which differ whatever z is; leave it out for a network that "
         "normalises");
  const bool learned = m.learned.on();
  refuse(learned && of_one_map, "--loss",
         "of a mapping has the terms smooth and align for data-free maps alone");
  refuse(m.map == MapKind::kronecker && m.modulation != Modulation::none, "--modulation",
         "is of maps with one W for all of a layer; --map kronecker has none");
  refuse(learned && m.variant != Variant::none && m.variant != Variant::wm_off, "--variant",
         "is of a data-free map; leave it out with a learned one");
  refuse(m.finetune.on() && r.loss.any(), "--loss",
         "of a mapping is not there for fine-tuning yet; leave out --pretrained or the terms");
  refuse(
      m.variant == Variant::lv_wmap && r.loss.any(), "--loss",
      "of a mapping is for a map that z modulates; --variant lv-wmap modulates it by a vector of "
      "its own");
  refuse(m.finetune.on() && m.variant != Variant::none, "--variant",
         "generates theta itself; with --pretrained the map shifts given weights");
  refuse(pruned && r.regularisation.ema > 0 && m.strategy == Strategy::direct, "--prune",
         "sets trained values to zero; their average (--ema) would go on remembering them");
  refuse(r.add_ons.int8 && r.regularisation.ema > 0 && m.strategy == Strategy::direct, "--quantize",
         "rounds the trained values themselves; leave out --ema, which evaluates their average");
  refuse(pruned && r.loss.smoothness.on, "--prune",
         "holds parts of theta at zero, which the term smooth of --loss does not know");
}

}  // namespace mapnet
