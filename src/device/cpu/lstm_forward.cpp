#include <cblas.h>

#include <algorithm>

#include "device/cpu/lstm_cell.hpp"
#include "device/cpu/lstm_layout.hpp"
#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

/// packed [width, 4H] = [W_hh | W_ih | b_ih + b_hh]^T: the columns of some of the 4H sums.
void pack_forward(float* packed, const Params<const float>& p, const LstmShape& s, Part sums) {
  for (int g = sums.begin; g < sums.begin + sums.size; ++g) {
    float* to = packed + g;
    const auto put = [&](float value) { *to = value, to += 4 * s.h; };
    std::for_each_n(p.weight_hh + area(g, s.h), s.h, put);
    std::for_each_n(p.weight_ih + area(g, s.i), s.i, put);
    put(p.bias_ih[g] + p.bias_hh[g]);
  }
}

struct ForwardWalk {
  LstmShape s;
  Saved at;
  bool last_only;
  const float* x;       // [N, T, I]
  const float* packed;  // [width, 4H]
  float* saved;
  float* y;

  void fill_rows(int t, Part samples) const;
  Rows<float> output(int t, Part samples) const;
  void walk(Part samples) const;
};

/// All of [h | x | 1] but the h that the step before has written.
void ForwardWalk::fill_rows(int t, Part samples) const {
  for (int n = samples.begin; n < samples.begin + samples.size; ++n) {
    float* row = saved + at.rows.at(t, n);
    if (t == 0) std::fill_n(row, s.h, 0.0f);
    std::copy_n(x + area(n, s.t * s.i) + area(t, s.i), s.i, row + s.h);
    row[s.h + s.i] = 1.0f;
  }
}

/// Where in y the outputs of step t belong, if anywhere.
Rows<float> ForwardWalk::output(int t, Part samples) const {
  if (!last_only) return {y + area(samples.begin, s.t * s.h) + area(t, s.h), area(s.t, s.h)};
  if (t + 1 == s.t) return {y + area(samples.begin, s.h), area(1, s.h)};
  return {};
}

void ForwardWalk::walk(Part samples) const {
  const int width = row_width(s), first = samples.begin;
  for (int t = 0; t < s.t; ++t) {
    fill_rows(t, samples);
    float* gates = saved + at.gates.at(t, first);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, samples.size, 4 * s.h, width, 1.0f,
                saved + at.rows.at(t, first), width, packed, 4 * s.h, 0.0f, gates, 4 * s.h);
    LstmCells cells{samples.size, s.h, gates, nullptr, saved + at.states.at(t, first)};
    if (t > 0) cells.c_before = saved + at.states.at(t - 1, first);
    if (t + 1 < s.t) cells.h = {saved + at.rows.at(t + 1, first), at.rows.columns};
    cells.h_too = output(t, samples);
    lstm_cells(cells);
  }
}

}  // namespace

// A thread walks all steps of a run of samples, so that no step waits for another thread.
Lstm lstm_forward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                  const Tensor& x, const LstmParams& params, bool keep) {
  const LstmShape s = lstm_shape(name, desc, x);
  const Saved at(s, keep);
  Lstm layer{lstm_output(desc, s), kNoBuffer};
  layer.y.buffer = schedule.buffer(name + ".y", "activations", layer.y.bytes());
  const BufferId saved =
      schedule.buffer(name + ".saved", keep ? "activations" : "workspace", at.size * sizeof(float));
  if (keep) layer.saved = saved;
  const BufferId packed =
      schedule.buffer(name + ".packed", "workspace", area(row_width(s), 4 * s.h) * sizeof(float));
  Step step;
  step.name = name + ".forward";
  step.reads = buffers_of(params);
  step.reads.push_back(x.buffer);
  step.writes = {layer.y.buffer, saved, packed};
  step.flops = s.flops;
  step.bytes = static_cast<double>(x.bytes() + layer.y.bytes() + at.size * sizeof(float));
  step.bind = [=, y = layer.y.buffer, last_only = desc.last_only,
               n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    openblas_set_num_threads(1);  // our threads share the samples
    const Params<const float> p(memory, params);
    auto* weights = memory.at<float>(packed);
    const ForwardWalk forward{s,
                              at,
                              last_only,
                              memory.at<const float>(x.buffer) + x.offset,
                              weights,
                              memory.at<float>(saved),
                              memory.at<float>(y)};
    const int runs = runs_of(s.n, rows_of_small_product(area(4 * s.h, row_width(s))), n_threads);
    return [=] {
      parallel_for(n_threads, n_threads, [=](int thread) {
        pack_forward(weights, p, s, part_of(4 * s.h, thread, n_threads));
      });
      parallel_for(runs, n_threads, [=](int run) { forward.walk(part_of(s.n, run, runs)); });
    };
  };
  schedule.add(std::move(step));
  return layer;
}

}  // namespace mapnet::cpu
