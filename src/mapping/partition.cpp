#include "mapping/partition.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.hpp"

namespace mapnet {

namespace {

struct LayerSpan {
  std::string name;
  std::size_t offset = 0, size = 0;  // of its outputs
  std::size_t weights = 0;
};

std::vector<LayerSpan> layer_spans(const Targets& targets) {
  std::vector<LayerSpan> spans;
  for (const Target& t : targets.tensors) {
    if (spans.empty() || spans.back().name != t.layer) spans.push_back({t.layer, t.offset, 0, 0});
    spans.back().size += t.size;
    spans.back().weights += t.weights;
  }
  return spans;
}

std::size_t weights_of(const Targets& targets) {
  std::size_t weights = 0;
  for (const Target& t : targets.tensors) weights += t.weights;
  return weights;
}

void check_latents(const std::string& what, std::size_t latents, std::size_t params) {
  if (latents < 1 || latents > params)
    fail<UsageError>("{}: {} latents; expected 1 to {}, the number of its parameters", what,
                     latents, params);
}

}  // namespace

std::vector<MapBlock> single_latent_blocks(const Targets& targets, std::size_t latents) {
  check_latents(targets.of, latents, weights_of(targets));
  return {{"all", 0, targets.size(), 0, latents}};
}

std::vector<MapBlock> single_latent_blocks(const Network& net, std::size_t latents) {
  return single_latent_blocks(parameter_targets(net), latents);
}

std::vector<MapBlock> layer_wise_blocks(const Network& net,
                                        const std::vector<std::size_t>& latents) {
  return layer_wise_blocks(parameter_targets(net), latents);
}

std::vector<MapBlock> layer_wise_blocks(const Targets& targets,
                                        const std::vector<std::size_t>& latents) {
  const std::vector<LayerSpan> spans = layer_spans(targets);
  if (latents.size() != spans.size())
    fail<UsageError>("{} has {} layers to generate; got {} numbers of latents", targets.of,
                     spans.size(), latents.size());
  std::vector<MapBlock> blocks;
  std::size_t latent_offset = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    check_latents(targets.of + " " + spans[i].name, latents[i], spans[i].weights);
    blocks.push_back({spans[i].name, spans[i].offset, spans[i].size, latent_offset, latents[i]});
    latent_offset += latents[i];
  }
  return blocks;
}

std::vector<std::size_t> allot_latents(const Network& net, std::size_t total) {
  return allot_latents(parameter_targets(net), total);
}

std::vector<std::size_t> allot_latents(const Targets& targets, std::size_t total) {
  const std::vector<LayerSpan> spans = layer_spans(targets);
  check_latents(targets.of, total, weights_of(targets));
  if (total < spans.size())
    fail<UsageError>("{}: {} latents for {} layers; layer-wise training needs one each", targets.of,
                     total, spans.size());
  std::vector<std::size_t> sizes, most;
  for (const LayerSpan& span : spans) {
    sizes.push_back(span.size);
    most.push_back(span.weights);
  }
  return share_out(total, sizes, most);
}

std::vector<std::size_t> share_out(std::size_t total, const std::vector<std::size_t>& sizes,
                                   const std::vector<std::size_t>& most) {
  std::vector<std::size_t> shares(sizes.size(), 1);
  // Hand out one at a time to the part furthest below its share: exact, deterministic, and a full
  // part drops out by itself.
  for (std::size_t given = sizes.size(); given < total; ++given) {
    std::size_t neediest = sizes.size();
    double least = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (shares[i] >= most[i]) continue;
      const double fill = static_cast<double>(shares[i]) / std::sqrt(static_cast<double>(sizes[i]));
      if (neediest == sizes.size() || fill < least) neediest = i, least = fill;
    }
    ++shares[neediest];
  }
  return shares;
}

}  // namespace mapnet
