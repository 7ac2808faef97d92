#include "mapping/partition.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.hpp"

namespace mapnet {

namespace {

struct LayerSpan {
  std::string name;
  std::size_t offset = 0, size = 0;
};

std::vector<LayerSpan> layer_spans(const Network& net) {
  std::vector<LayerSpan> spans;
  for (const ParamTensor& p : net.params) {
    if (spans.empty() || spans.back().name != p.layer) spans.push_back({p.layer, p.offset, 0});
    spans.back().size += p.size;
  }
  return spans;
}

void check_latents(const std::string& what, std::size_t latents, std::size_t params) {
  if (latents < 1 || latents > params)
    fail<UsageError>("{}: {} latents; expected 1 to {}, the number of its parameters", what,
                     latents, params);
}

}  // namespace

std::vector<MapBlock> single_latent_blocks(const Network& net, std::size_t latents) {
  check_latents(net.name, latents, net.param_count());
  return {{"all", 0, net.param_count(), 0, latents}};
}

std::vector<MapBlock> layer_wise_blocks(const Network& net,
                                        const std::vector<std::size_t>& latents) {
  const std::vector<LayerSpan> spans = layer_spans(net);
  if (latents.size() != spans.size())
    fail<UsageError>("{} has {} layers with parameters; got {} numbers of latents", net.name,
                     spans.size(), latents.size());
  std::vector<MapBlock> blocks;
  std::size_t latent_offset = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    check_latents(net.name + " " + spans[i].name, latents[i], spans[i].size);
    blocks.push_back({spans[i].name, spans[i].offset, spans[i].size, latent_offset, latents[i]});
    latent_offset += latents[i];
  }
  return blocks;
}

std::vector<std::size_t> allot_latents(const Network& net, std::size_t total) {
  const std::vector<LayerSpan> spans = layer_spans(net);
  check_latents(net.name, total, net.param_count());
  if (total < spans.size())
    fail<UsageError>("{}: {} latents for {} layers; layer-wise training needs one each", net.name,
                     total, spans.size());
  std::vector<std::size_t> latents(spans.size(), 1);
  // Hand out one latent at a time to the layer furthest below its share: exact, deterministic, and
  // a full layer drops out by itself.
  for (std::size_t given = spans.size(); given < total; ++given) {
    std::size_t neediest = spans.size();
    double least = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      if (latents[i] >= spans[i].size) continue;
      const double fill =
          static_cast<double>(latents[i]) / std::sqrt(static_cast<double>(spans[i].size));
      if (neediest == spans.size() || fill < least) neediest = i, least = fill;
    }
    ++latents[neediest];
  }
  return latents;
}

}  // namespace mapnet
