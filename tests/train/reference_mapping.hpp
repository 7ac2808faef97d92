#pragma once

#include "mapping/trained_map.hpp"
#include "reference/share.hpp"
#include "reference/trained_map.hpp"
#include "train/pretrained.hpp"
#include "train/reference_step.hpp"

/// theta from the trained values of a recipe and back, in double precision, whatever it trains.
namespace mapnet::test {

/// A block's latents, out of the trained values.
inline Vector latents_of(const MapDesc& desc, std::size_t index, const Vector& values) {
  const MapBlock& b = desc.blocks[index];
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(b.latent_offset);
  return Vector(at, at + static_cast<std::ptrdiff_t>(b.latents));
}

/// Where the outputs of a fine-tuning map go.
inline std::vector<reference::Shared> shared_tensors(const Network& net, const Finetune& finetune) {
  std::vector<reference::Shared> tensors;
  std::size_t output = 0;
  for (const ParamTensor& p : net.params)
    for (const ChosenLayer& layer : finetune.layers)
      if (p.layer == layer.name) {
        tensors.push_back({p.offset, p.size, output, finetune.share, layer.alpha});
        output += (p.size + finetune.share - 1) / finetune.share;
      }
  return tensors;
}

class ReferenceMapping {
 public:
  ReferenceMapping(const Recipe& recipe, const Network& net) {
    const MappingConfig& m = recipe.mapping;
    if (m.strategy == Strategy::direct) return;
    if (trains_map(m.variant)) {
      trained_ = {m.latents[0], m.hidden, net.param_count()};
      for (std::size_t i = 0; i < m.latents[0]; ++i)
        trained_.fixed_z.push_back(
            static_cast<double>(random_normals(m.seed, Stream::latent_init, i / 4)[i % 4]));
      return;
    }
    desc_ = make_map(net, m);
    if (!m.finetune.on()) return;
    shared_ = shared_tensors(net, m.finetune);
    std::vector<float> base(net.param_count());
    std::vector<float> state(net.state_count());
    read_pretrained(recipe.pretrained, net, recipe.seed, base, state);
    base_.assign(base.begin(), base.end());
  }

  Vector theta(const Vector& values) const {
    if (trained_.params > 0) return reference::trained_map_forward(trained_, values);
    if (desc_.blocks.empty()) return values;
    Vector outputs;
    for (std::size_t i = 0; i < desc_.blocks.size(); ++i) {
      const Vector rows = reference::map_forward(block(i, values), latents_of(desc_, i, values));
      outputs.insert(outputs.end(), rows.begin(), rows.end());
    }
    return base_.empty() ? outputs : reference::share_forward(shared_, base_, outputs);
  }

  Vector gradient(const Vector& values, const Vector& dtheta) const {
    if (trained_.params > 0) return reference::trained_map_backward(trained_, values, dtheta);
    if (desc_.blocks.empty()) return dtheta;
    const Vector doutputs =
        base_.empty() ? dtheta : reference::share_backward(shared_, dtheta, desc_.target_size());
    Vector dz, dv;
    for (std::size_t i = 0; i < desc_.blocks.size(); ++i) {
      const MapBlock& b = desc_.blocks[i];
      const Vector part = reference::map_backward(
          block(i, values), reference::View(doutputs).subspan(b.theta_offset, b.rows),
          latents_of(desc_, i, values));
      const auto middle = part.begin() + static_cast<std::ptrdiff_t>(b.latents);
      dz.insert(dz.end(), part.begin(), middle);
      dv.insert(dv.end(), middle, part.end());
    }
    dz.insert(dz.end(), dv.begin(), dv.end());
    return dz;
  }

 private:
  reference::Map block(std::size_t i, const Vector& values) const {
    reference::Map map = reference_map(desc_, i);
    const auto second = values.begin() + static_cast<std::ptrdiff_t>(desc_.modulator_offset());
    if (desc_.own_modulator) map.v = latents_of(desc_, i, Vector(second, values.end()));
    return map;
  }

  MapDesc desc_;
  reference::TrainedMap trained_{};  // of a variant that trains its map
  std::vector<reference::Shared> shared_;
  Vector base_;  // pre-trained weights, or none
};

}  // namespace mapnet::test
