#include <cblas.h>

#include <algorithm>

#include "device/cpu/lstm_cell.hpp"
#include "device/cpu/lstm_layout.hpp"
#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

/// packed [4H, H + I] = [W_hh | W_ih]: some of its rows.
void pack_backward(float* packed, const Params<const float>& p, const LstmShape& s, Part sums) {
  for (int g = sums.begin; g < sums.begin + sums.size; ++g) {
    float* row = packed + area(g, s.h + s.i);
    std::copy_n(p.weight_hh + area(g, s.h), s.h, row);
    std::copy_n(p.weight_ih + area(g, s.i), s.i, row + s.h);
  }
}

struct BackwardWalk {
  LstmShape s;
  Saved at;
  bool last_only;
  const float* dy;
  const float* weight;  // [4H, columns]: [W_hh | W_ih] where dx is wanted, else W_hh
  float* saved;         // whose gates become the gradients of their sums
  float* back;          // [N, columns]: dh of the step before, then dx
  float* dc;            // [N, H]
  float* dx;            // [N, T, I] or null

  int columns() const { return dx ? s.h + s.i : s.h; }
  Rows<const float> output_gradient(int t, Part samples) const;
  void walk(Part samples) const;
};

Rows<const float> BackwardWalk::output_gradient(int t, Part samples) const {
  if (!last_only) return {dy + area(samples.begin, s.t * s.h) + area(t, s.h), area(s.t, s.h)};
  if (t + 1 == s.t) return {dy + area(samples.begin, s.h), area(1, s.h)};
  return {};
}

void BackwardWalk::walk(Part samples) const {
  const int first = samples.begin, n = columns();
  float* back_rows = back + area(first, n);
  float* dc_rows = dc + area(first, s.h);
  std::fill_n(dc_rows, area(samples.size, s.h), 0.0f);
  for (int t = s.t - 1; t >= 0; --t) {
    float* gates = saved + at.gates.at(t, first);
    LstmCellGradients cells{samples.size, s.h, gates, nullptr, saved + at.states.at(t, first)};
    if (t > 0) cells.c_before = saved + at.states.at(t - 1, first);
    cells.dy = output_gradient(t, samples);
    if (t + 1 < s.t) cells.dh_after = {back_rows, static_cast<std::size_t>(n)};
    cells.dc = dc_rows;
    lstm_cell_gradients(cells);
    if (t == 0 && !dx) break;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, samples.size, n, 4 * s.h, 1.0f, gates,
                4 * s.h, weight, n, 0.0f, back_rows, n);
    if (!dx) continue;
    for (int r = 0; r < samples.size; ++r)
      std::copy_n(back_rows + area(r, n) + s.h, s.i,
                  dx + area(first + r, s.t * s.i) + area(t, s.i));
  }
}

// A small layer's gradients are summed over so many samples and steps at once.
constexpr int kPieceRows = 128;

/// [dW_hh | dW_ih | db] = dgates^T rows, over all samples of all steps: the rows of some of the 4H
/// sums.
void weight_gradients(const LstmShape& s, const Saved& at, const float* saved, Part sums, int piece,
                      float* packed, const Params<float>& to) {
  const int width = row_width(s), all = s.t * s.n;
  float* rows = packed + area(sums.begin, width);
  for (int from = 0; from < all; from += piece)
    cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, sums.size, width, std::min(piece, all - from),
        1.0f, saved + at.gates.begin + area(from, 4 * s.h) + sums.begin, 4 * s.h,
        saved + at.rows.begin + area(from, width), width, from > 0 ? 1.0f : 0.0f, rows, width);
  for (int g = sums.begin; g < sums.begin + sums.size; ++g, rows += width) {
    std::copy_n(rows, s.h, to.weight_hh + area(g, s.h));
    std::copy_n(rows + s.h, s.i, to.weight_ih + area(g, s.i));
    to.bias_hh[g] = to.bias_ih[g] = rows[s.h + s.i];
  }
}

void add_weight_gradients(Schedule& schedule, const std::string& name, const LstmShape& s,
                          BufferId saved, const LstmParams& gradients) {
  const BufferId packed =
      schedule.buffer(name + ".dpacked", "workspace", area(4 * s.h, row_width(s)) * sizeof(float));
  Step step;
  step.name = name + ".backward_weights";
  step.reads = {saved};
  step.writes = buffers_of(gradients);
  step.writes.push_back(packed);
  step.flops = s.flops;
  step.bytes = sizeof(float) * static_cast<double>(area(s.t * s.n, row_width(s) + 4 * s.h));
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    openblas_set_num_threads(1);
    const Saved at(s, true);
    const auto* kept = memory.at<const float>(saved);
    auto* rows = memory.at<float>(packed);
    const Params<float> to(memory, gradients);
    const int sums = rows_of_small_product(area(kPieceRows, row_width(s)));
    const int runs = runs_of(4 * s.h, sums, n_threads), piece = sums > 0 ? kPieceRows : s.t * s.n;
    return [=] {
      parallel_for(runs, n_threads, [=](int run) {
        weight_gradients(s, at, kept, part_of(4 * s.h, run, runs), piece, rows, to);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace

Tensor lstm_backward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                     const Tensor& x, const Lstm& forward, const Tensor& dy,
                     const LstmParams& params, const LstmParams& gradients, bool need_dx) {
  const LstmShape s = lstm_shape(name, desc, x);
  const int columns = need_dx ? s.h + s.i : s.h;
  const auto workspace = [&](const char* what, std::size_t floats) {
    return schedule.buffer(name + what, "workspace", floats * sizeof(float));
  };
  const BufferId back = workspace(".back", area(s.n, columns));
  const BufferId dc = workspace(".dc", area(s.n, s.h));
  const BufferId packed = need_dx ? workspace(".packed_back", area(4 * s.h, columns)) : kNoBuffer;
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = need_dx ? schedule.buffer(name + ".dx", "gradients", dx.bytes()) : kNoBuffer;
  Step step;
  step.name = name + ".backward";
  step.reads = {forward.saved, dy.buffer, params.weight_hh.buffer};
  step.writes = {forward.saved, back, dc};
  if (need_dx) {
    step.reads.push_back(params.weight_ih.buffer);
    step.writes.push_back(packed);
    step.writes.push_back(dx.buffer);
  }
  step.flops = 2.0 * s.n * s.t * 4.0 * s.h * columns;
  step.bytes = sizeof(float) * static_cast<double>(area(s.t * s.n, 10 * s.h)) +
               static_cast<double>(dy.bytes() + (need_dx ? dx.bytes() : 0));
  step.bind = [=, saved = forward.saved, last_only = desc.last_only,
               n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    openblas_set_num_threads(1);  // our threads share the samples
    const Params<const float> p(memory, params);
    auto* weights = need_dx ? memory.at<float>(packed) : nullptr;
    const BackwardWalk backward{s,
                                Saved(s, true),
                                last_only,
                                memory.at<const float>(dy.buffer) + dy.offset,
                                need_dx ? weights : p.weight_hh,
                                memory.at<float>(saved),
                                memory.at<float>(back),
                                memory.at<float>(dc),
                                need_dx ? memory.at<float>(dx.buffer) : nullptr};
    const int runs = runs_of(s.n, rows_of_small_product(area(4 * s.h, columns)), n_threads);
    return [=] {
      if (weights)
        parallel_for(n_threads, n_threads, [=](int thread) {
          pack_backward(weights, p, s, part_of(4 * s.h, thread, n_threads));
        });
      parallel_for(runs, n_threads, [=](int run) { backward.walk(part_of(s.n, run, runs)); });
    };
  };
  schedule.add(std::move(step));
  add_weight_gradients(schedule, name, s, forward.saved, gradients);
  return dx;
}

}  // namespace mapnet::cpu
