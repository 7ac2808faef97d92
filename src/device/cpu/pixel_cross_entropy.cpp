#include "device/ops/pixel_cross_entropy.hpp"

#include <algorithm>
#include <cstdint>

#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

/// Pixels that are worked on together, next to each other in an image. Their logits are copied
/// first, [K, kTile]: the classes of a plain image lie a power of two apart and would push each
/// other out of the cache, those of a blocked one are innermost.
constexpr int kTile = 64;
constexpr int kMostClasses = 256;

using Tile = float[kMostClasses * kTile];

/// Logits or their gradient of one image: class k of pixel p at (k / block * pixels + p) * block +
/// k % block.
struct Place {
  std::size_t pixels, block;
  int classes;
};

MAPNET_CPU_LEVELS void load_tile(float* tile, const float* image, const Place& at,
                                 std::size_t first, std::size_t n) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(at.classes); ++k) {
    const float* from = image + (k / at.block * at.pixels + first) * at.block + k % at.block;
    float* to = tile + k * kTile;
    if (at.block == 1)
      std::copy_n(from, n, to);
    else
      for (std::size_t i = 0; i < n; ++i) to[i] = from[i * at.block];
    std::fill(to + n, to + kTile, 0.0f);
  }
}

/// Channels that pad the last block are set to zero.
MAPNET_CPU_LEVELS void store_tile(float* image, const float* tile, const Place& at,
                                  std::size_t first, std::size_t n) {
  const auto classes = static_cast<std::size_t>(at.classes);
  for (std::size_t k = 0; k < (classes + at.block - 1) / at.block * at.block; ++k) {
    float* to = image + (k / at.block * at.pixels + first) * at.block + k % at.block;
    const float* from = tile + k * kTile;
    for (std::size_t i = 0; i < n; ++i) to[i * at.block] = k < classes ? from[i] : 0.0f;
  }
}

// Flattened: what is not inlined is compiled for the lowest level.
[[gnu::flatten]] MAPNET_CPU_LEVELS void score_tile(PixelRow<kTile>& row, const float* tile,
                                                   int classes, const int* label) {
  pixel_cross_entropy_row<kTile, false>(row, nullptr, tile, kTile, classes, label, 0);
}
[[gnu::flatten]] MAPNET_CPU_LEVELS void score_tile(PixelRow<kTile>& row, float* gradient,
                                                   const float* tile, int classes, const int* label,
                                                   float weight) {
  pixel_cross_entropy_row<kTile, true>(row, gradient, tile, kTile, classes, label, weight);
}

/// What a group of tiles comes to.
struct Sums {
  double loss;
  std::int64_t correct;
};

/// All images' pixels in tiles, and those in groups: a fixed number of each, whatever the threads.
struct Tiles {
  std::size_t of_image, all, groups;

  explicit Tiles(const Tensor& x)
      : of_image((static_cast<std::size_t>(x.h) * static_cast<std::size_t>(x.w) + kTile - 1) /
                 kTile),
        all(of_image * static_cast<std::size_t>(x.n)),
        groups(std::min(all, kMaxGroups)) {}
  std::size_t begin(std::size_t group) const { return all * group / groups; }
};

struct Pixels {
  PixelCrossEntropyDesc desc;
  Place place;
  std::size_t image;  // floats
  const float* logits;
  float* dlogits;  // or null
  const std::uint8_t* labels;
  int count;     // real images
  float weight;  // of a pixel in the gradient

  /// Scores tiles begin ... end - 1; adds to `confusion` [K, K] where that is not null.
  Sums score(const Tiles& tiles, std::size_t begin, std::size_t end,
             std::uint32_t* confusion) const {
    alignas(64) Tile tile, dtile;
    alignas(64) int label[kTile];
    PixelRow<kTile> row;
    double loss[8] = {};  // lanes, so that an addition need not wait for the last
    Sums sums = {0, 0};
    for (std::size_t t = begin; t < end; ++t) {
      const std::size_t i = t / tiles.of_image, first = t % tiles.of_image * kTile,
                        n = std::min<std::size_t>(kTile, place.pixels - first);
      float* gradient = dlogits ? dlogits + i * image : nullptr;
      const bool real = static_cast<int>(i) < count;
      const std::uint8_t* given = labels + i * place.pixels + first;
      bool any = false;
      for (std::size_t p = 0; p < kTile; ++p) {
        const bool counts = real && p < n && pixel_counts(desc, given[p], place.classes);
        label[p] = counts ? given[p] : -1;
        any |= counts;
      }
      if (any) {
        load_tile(tile, logits + i * image, place, first, n);
        if (gradient)
          score_tile(row, dtile, tile, place.classes, label, weight);
        else
          score_tile(row, tile, place.classes, label);
        for (std::size_t p = 0; p < kTile; ++p) loss[p % 8] += static_cast<double>(row.loss[p]);
        for (std::size_t p = 0; p < kTile; ++p) sums.correct += row.best[p] == label[p];
        if (confusion)
          for (std::size_t p = 0; p < n; ++p)
            if (label[p] >= 0) ++confusion[label[p] * place.classes + row.best[p]];
      } else if (gradient) {
        std::fill_n(dtile, place.classes * kTile, 0.0f);
      }
      if (gradient) store_tile(gradient, dtile, place, first, n);
    }
    for (const double lane : loss) sums.loss += lane;
    return sums;
  }
};

MAPNET_CPU_LEVELS std::int64_t count_pixels(const PixelCrossEntropyDesc& desc,
                                            const std::uint8_t* labels, std::size_t n,
                                            int classes) {
  std::int64_t counted = 0;
  for (std::size_t i = 0; i < n; ++i) counted += pixel_counts(desc, labels[i], classes) ? 1 : 0;
  return counted;
}

}  // namespace

void pixel_cross_entropy(Schedule& schedule, const std::string& name,
                         const PixelCrossEntropyDesc& desc, const Tensor& logits, BufferId labels,
                         BufferId control, const Tensor& dlogits, BufferId confusion) {
  require_pixel_logits(name, logits, dlogits);
  const Tiles tiles(logits);
  const bool gradient = dlogits.buffer != kNoBuffer, confused = confusion != kNoBuffer;
  const std::size_t cells =
      confused ? static_cast<std::size_t>(logits.c) * static_cast<std::size_t>(logits.c) : 0;
  const BufferId parts = schedule.buffer(name + ".parts", "workspace", tiles.groups * sizeof(Sums));
  const BufferId cell_parts = confused
                                  ? schedule.buffer(name + ".confusion", "workspace",
                                                    tiles.groups * cells * sizeof(std::uint32_t))
                                  : kNoBuffer;
  Step step;
  step.name = name;
  step.reads = {logits.buffer, labels, control};
  step.writes = {control, parts};
  if (gradient) step.writes.push_back(dlogits.buffer);
  if (confused) {
    step.reads.push_back(confusion);
    step.writes.push_back(confusion);
    step.writes.push_back(cell_parts);
  }
  step.bytes = (gradient ? 2.0 : 1.0) * static_cast<double>(logits.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* c = memory.at<StepControl>(control);
    auto* of_group = memory.at<Sums>(parts);
    auto* cells_of_group = confused ? memory.at<std::uint32_t>(cell_parts) : nullptr;
    auto* all_cells = confused ? memory.at<std::uint64_t>(confusion) : nullptr;
    const Pixels fixed = {desc,
                          {static_cast<std::size_t>(logits.h) * static_cast<std::size_t>(logits.w),
                           static_cast<std::size_t>(logits.channel_block), logits.c},
                          logits.padded_size() / static_cast<std::size_t>(logits.n),
                          memory.at<const float>(logits.buffer) + logits.offset,
                          gradient ? memory.at<float>(dlogits.buffer) + dlogits.offset : nullptr,
                          memory.at<const std::uint8_t>(labels),
                          0,
                          0};
    const int groups = static_cast<int>(tiles.groups);
    return [=] {
      Pixels pixels = fixed;
      pixels.count = c->now.count;
      // A gradient's weight is known once all labels are: a byte a pixel, where logits take 4 K.
      const std::int64_t scored =
          count_pixels(desc, pixels.labels,
                       static_cast<std::size_t>(pixels.count) * pixels.place.pixels, logits.c);
      pixels.weight = scored > 0 ? 1.0f / static_cast<float>(scored) : 0.0f;
      parallel_for(groups, n_threads, [&](int g) {
        const auto group = static_cast<std::size_t>(g);
        std::uint32_t* own = confused ? cells_of_group + group * cells : nullptr;
        std::fill_n(own, cells, 0u);
        of_group[group] = pixels.score(tiles, tiles.begin(group), tiles.begin(group + 1), own);
      });
      for (std::size_t g = 0; g < tiles.groups; ++g) {
        c->loss_sum += of_group[g].loss;
        c->correct += of_group[g].correct;
        for (std::size_t k = 0; k < cells; ++k) all_cells[k] += cells_of_group[g * cells + k];
      }
      c->scored += scored;
      c->seen += pixels.count;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
