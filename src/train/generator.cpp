#include "train/generator.hpp"

#include "device/ops/prune.hpp"

namespace mapnet {

Generator::Generator(Schedule& schedule, const Recipe& recipe, const Network& net)
    : schedule_(&schedule), recipe_(&recipe), net_(&net) {
  if (direct()) return;
  if (map_trained()) {
    trained_map_ = make_trained_map(net, recipe.mapping, recipe.latent_std);
    return;
  }
  map_ = make_map(net, recipe.mapping);
  map_.storage = recipe.footprint.map_storage;
  map_.refreshed = recipe.refresh.on();
}

std::size_t Generator::value_count() const {
  return direct()        ? net_->param_count()
         : map_trained() ? trained_map_.value_count()
                         : map_.value_size();
}

void Generator::setup(BufferId value) {
  const std::size_t P = net_->param_count();
  if (recipe_->add_ons.pruning.on())
    pruned_ =
        schedule_->persistent_buffer("pruned", "trained", pruned_words(P) * sizeof(std::uint32_t));
  if (direct())
    return fill_normal(*schedule_, "theta.init", value, P, recipe_->seed, Stream::latent_init, 1.0f,
                       he_scales(*net_));
  if (map_trained()) return trained_map_setup(*schedule_, trained_map_, value);
  fill_normal(*schedule_, "latent.init", value, map_.value_size(), recipe_->seed,
              Stream::latent_init, static_cast<float>(recipe_->latent_std));
  map_state_ = map_setup(*schedule_, map_);
  if (!finetunes()) return;
  share_ = share_desc(*net_, recipe_->mapping.finetune);
  share_state_ = share_setup(*schedule_, "map.share", share_);
  pretrained_ = schedule_->persistent_buffer("pretrained", "theta", P * sizeof(float));
}

void Generator::forward(BufferId value, BufferId theta, bool keep) {
  if (direct()) return;
  if (map_trained()) {
    trained_map_forward(*schedule_, trained_map_, value, theta);
  } else if (finetunes()) {
    const BufferId shifts =
        schedule_->buffer("shifts", "theta", share_.output_size() * sizeof(float));
    map_forward(*schedule_, map_, map_state_, value, shifts, keep);
    share_forward(*schedule_, "map.share", share_, share_state_, pretrained_, shifts, theta);
  } else {
    map_forward(*schedule_, map_, map_state_, value, theta, keep);
  }
  mask("theta.prune", theta);
}

void Generator::mask(const char* name, BufferId theta) const {
  if (pruned_ != kNoBuffer) prune(*schedule_, name, theta, pruned_, net_->param_count());
}

void Generator::backward(BufferId value, BufferId dtheta, BufferId gradient) const {
  if (map_trained()) return trained_map_backward(*schedule_, trained_map_, value, dtheta, gradient);
  BufferId doutputs = dtheta;
  if (finetunes()) {
    doutputs = schedule_->buffer("dshifts", "theta", share_.output_size() * sizeof(float));
    share_backward(*schedule_, "map.share", share_, share_state_, dtheta, doutputs);
  }
  map_backward(*schedule_, map_, map_state_, value, doutputs, gradient);
}

Generator Generator::apart() const {
  Generator other = *this;
  other.map_state_.u = kNoBuffer;
  return other;
}

std::string Generator::first_trained_layer() const {
  return finetunes() ? recipe_->mapping.finetune.layers.front().name : std::string();
}

}  // namespace mapnet
