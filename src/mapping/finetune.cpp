#include "mapping/finetune.hpp"

#include <algorithm>
#include <limits>

#include "common/error.hpp"

namespace mapnet {

namespace {

const ChosenLayer* find_layer(const Finetune& finetune, const std::string& name) {
  for (const ChosenLayer& layer : finetune.layers)
    if (layer.name == name) return &layer;
  return nullptr;
}

void check_layers(const Network& net, const Finetune& finetune) {
  for (const ChosenLayer& layer : finetune.layers)
    if (std::none_of(net.params.begin(), net.params.end(),
                     [&](const ParamTensor& p) { return p.layer == layer.name; }))
      fail<UsageError>("{} has no layer {}", net.name, layer.name);
}

}  // namespace

ShareDesc share_desc(const Network& net, const Finetune& finetune) {
  check_layers(net, finetune);
  ShareDesc desc;
  std::size_t output = 0;
  for (const ParamTensor& p : net.params) {
    if (p.size > std::numeric_limits<std::uint32_t>::max())
      fail("{}: {} values are more than fine-tuning can index", p.name, p.size);
    ShareSpan span;
    span.theta_offset = p.offset;
    span.size = p.size;
    span.output_offset = output;
    if (const ChosenLayer* layer = find_layer(finetune, p.layer)) {
      const bool fresh = std::count(finetune.fresh.begin(), finetune.fresh.end(), p.name) > 0;
      span.share = fresh ? 1 : static_cast<std::uint32_t>(finetune.share);
      span.alpha = static_cast<float>(layer->alpha);
    }
    output += span.groups();
    desc.spans.push_back(span);
  }
  return desc;
}

Targets finetune_targets(const Network& net, const Finetune& finetune) {
  const ShareDesc desc = share_desc(net, finetune);
  Targets targets{net.name, {}};
  for (std::size_t i = 0; i < desc.spans.size(); ++i) {
    const ShareSpan& s = desc.spans[i];
    const ParamTensor& p = net.params[i];
    if (s.share > 0)
      targets.tensors.push_back(
          {p.name, p.layer, s.output_offset, s.groups(), s.size, generated_stddev(p)});
  }
  return targets;
}

}  // namespace mapnet
