#include "mapping/kronecker.hpp"

#include <algorithm>
#include <cmath>

#include "common/error.hpp"
#include "mapping/partition.hpp"

namespace mapnet {

namespace {

/// The bias that belongs to a weight: "conv1.bias" to "conv1.weight", "lstm.bias_hh_l0" to
/// "lstm.weight_hh_l0", and beta to gamma.
std::string bias_of(const std::string& weight) {
  const std::size_t at = weight.rfind("weight");
  if (at == std::string::npos) return {};
  return weight.substr(0, at) + "bias" + weight.substr(at + 6);
}

/// Z between a square and the matrix's proportions, by their geometric mean: in a wide matrix the
/// one takes few of the inputs, the other leaves a low rank.
void shape(KroneckerMatrix& m) {
  const double proportion = static_cast<double>(m.cols) / static_cast<double>(m.rows);
  const double right = std::sqrt(static_cast<double>(m.latents) * std::sqrt(proportion));
  const std::size_t least = (m.latents + m.rows - 1) / m.rows;
  m.right = std::clamp(static_cast<std::size_t>(std::lround(right)), std::size_t{1}, m.cols);
  m.right = std::max(m.right, least);
  m.left = (m.latents + m.right - 1) / m.right;
}

/// The matrices of a block's tensors, no latents given yet.
std::vector<KroneckerMatrix> matrices_of(const Network& net, const std::vector<Target>& tensors) {
  std::vector<KroneckerMatrix> matrices;
  std::vector<std::string> taken;
  for (const Target& t : tensors) {
    if (std::ranges::find(taken, t.name) != taken.end()) continue;
    const ParamTensor& p = net.param(t.name);
    KroneckerMatrix m;
    m.name = t.name;
    m.offset = t.offset;
    m.rows = static_cast<std::size_t>(p.shape.front());
    m.cols = p.size / m.rows;
    const auto bias = std::ranges::find(tensors, bias_of(t.name), &Target::name);
    if (bias != tensors.end() && bias->size == m.rows) {
      m.has_bias = true;
      m.bias_offset = bias->offset;
      ++m.cols;
      taken.push_back(bias->name);
    }
    matrices.push_back(m);
  }
  return matrices;
}

}  // namespace

std::vector<KroneckerMatrix> kronecker_matrices(const Network& net, const Targets& targets,
                                                const std::vector<MapBlock>& blocks) {
  std::vector<KroneckerMatrix> all;
  for (const MapBlock& block : blocks) {
    std::vector<Target> tensors;
    for (const Target& t : targets.tensors)
      if (t.offset >= block.theta_offset && t.offset < block.theta_offset + block.rows)
        tensors.push_back(t);
    std::vector<KroneckerMatrix> matrices = matrices_of(net, tensors);
    if (block.latents < matrices.size())
      fail<UsageError>(
          "--map kronecker: layer {} has {} of the latents for its {} matrices, which take one "
          "each; take more latents",
          block.name, block.latents, matrices.size());
    std::vector<std::size_t> sizes;
    for (const KroneckerMatrix& m : matrices) sizes.push_back(m.rows * m.cols);
    const std::vector<std::size_t> latents = share_out(block.latents, sizes, sizes);
    std::size_t at = block.latent_offset;
    for (std::size_t i = 0; i < matrices.size(); ++i) {
      KroneckerMatrix& m = matrices[i];
      m.latent_offset = at;
      m.latents = latents[i];
      at += m.latents;
      shape(m);
      all.push_back(m);
    }
  }
  return all;
}

}  // namespace mapnet
