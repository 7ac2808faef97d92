#include "device/ops.hpp"

#include "common/error.hpp"

/// The public ops: each is its twin on the schedule's device.
namespace mapnet {

namespace {

const Ops& twins(const Schedule& schedule) { return schedule.device()->ops(); }

}  // namespace

void accumulate(Schedule& schedule, const std::string& name, BufferId sum, std::size_t offset,
                BufferId gradient, std::size_t n, Scored scored, BufferId control) {
  twins(schedule).accumulate(schedule, name, sum, offset, gradient, n, scored, control);
}

void adam_step(Schedule& schedule, const std::string& name, const AdamDesc& desc, BufferId value,
               BufferId m, BufferId v, BufferId gradient, std::size_t n, BufferId control) {
  twins(schedule).adam_step(schedule, name, desc, value, m, v, gradient, n, control);
}

Tensor add_forward(Schedule& schedule, const std::string& name, const Tensor& a, const Tensor& b,
                   bool relu) {
  return twins(schedule).add_forward(schedule, name, a, b, relu);
}

void add_scaled(Schedule& schedule, const std::string& name, BufferId y, BufferId x, float scale,
                std::size_t n) {
  twins(schedule).add_scaled(schedule, name, y, x, scale, n);
}

void alignment(Schedule& schedule, const std::string& name, const MapDesc& desc, BufferId z,
               BufferId mean_w, BufferId mean_s, BufferId loss, BufferId dz) {
  twins(schedule).alignment(schedule, name, desc, z, mean_w, mean_s, loss, dz);
}

void average_parts(Schedule& schedule, const std::string& name, BufferId sum, std::size_t n,
                   Scored scored, BufferId control) {
  twins(schedule).average_parts(schedule, name, sum, n, scored, control);
}

Tensor batch_norm_backward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNorm& forward, const Tensor& dy,
                           const BatchNormParams& params, const ParamSlice& dgamma,
                           const ParamSlice& dbeta, BufferId control) {
  return twins(schedule).batch_norm_backward(schedule, name, desc, x, forward, dy, params, dgamma,
                                             dbeta, control);
}

Tensor batch_norm_evaluate(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNormParams& params) {
  return twins(schedule).batch_norm_evaluate(schedule, name, desc, x, params);
}

BatchNorm batch_norm_forward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                             const Tensor& x, const BatchNormParams& params, BufferId control) {
  return twins(schedule).batch_norm_forward(schedule, name, desc, x, params, control);
}

std::vector<Tensor> concat_backward(Schedule& schedule, const std::string& name, const Tensor& dy,
                                    const std::vector<Tensor>& parts,
                                    const std::vector<bool>& needed) {
  return twins(schedule).concat_backward(schedule, name, dy, parts, needed);
}

Tensor concat_forward(Schedule& schedule, const std::string& name,
                      const std::vector<Tensor>& parts) {
  return twins(schedule).concat_forward(schedule, name, parts);
}

Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).conv2d_backward(schedule, name, desc, x, dy, weight, dweight, dbias,
                                         need_dx);
}

Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).conv2d_forward(schedule, name, desc, x, weight, bias);
}

Tensor conv_pool2d_backward(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc,
                            const Tensor& x, const ConvPool2d& forward, const Tensor& dy,
                            const ParamSlice& weight, const ParamSlice& dweight,
                            const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).conv_pool2d_backward(schedule, name, desc, x, forward, dy, weight, dweight,
                                              dbias, need_dx);
}

ConvPool2d conv_pool2d_forward(Schedule& schedule, const std::string& name,
                               const ConvPool2dDesc& desc, const Tensor& x,
                               const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).conv_pool2d_forward(schedule, name, desc, x, weight, bias);
}

Tensor conv_transpose2d_backward(Schedule& schedule, const std::string& name,
                                 const ConvTranspose2dDesc& desc, const Tensor& x, const Tensor& dy,
                                 const ParamSlice& weight, const ParamSlice& dweight,
                                 const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).conv_transpose2d_backward(schedule, name, desc, x, dy, weight, dweight,
                                                   dbias, need_dx);
}

Tensor conv_transpose2d_forward(Schedule& schedule, const std::string& name,
                                const ConvTranspose2dDesc& desc, const Tensor& x,
                                const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).conv_transpose2d_forward(schedule, name, desc, x, weight, bias);
}

void cross_entropy(Schedule& schedule, const std::string& name, const Tensor& logits,
                   BufferId labels, BufferId control, BufferId dlogits, float smoothing) {
  twins(schedule).cross_entropy(schedule, name, logits, labels, control, dlogits, smoothing);
}

void ema_step(Schedule& schedule, const std::string& name, BufferId average, BufferId value,
              std::size_t n, BufferId control) {
  twins(schedule).ema_step(schedule, name, average, value, n, control);
}

void end_micro_batches(Schedule& schedule, const std::string& name, BufferId batches,
                       BufferId control) {
  twins(schedule).end_micro_batches(schedule, name, batches, control);
}

void fake_quantize(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index) {
  twins(schedule).fake_quantize(schedule, name, x, ranges, index);
}

void fill(Schedule& schedule, const std::string& name, BufferId y, float value, std::size_t n) {
  twins(schedule).fill(schedule, name, y, value, n);
}

void fill_normal(Schedule& schedule, const std::string& name, BufferId values, std::size_t n,
                 std::uint64_t seed, Stream stream, float stddev,
                 const std::vector<RowScale>& scales) {
  twins(schedule).fill_normal(schedule, name, values, n, seed, stream, stddev, scales);
}

void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels, const AugmentDesc& augment) {
  require_image_set(name, set, x);
  twins(schedule).gather_batch(schedule, name, set, control, x, labels, augment);
}

void gather_floats(Schedule& schedule, const std::string& name, const FloatBuffers& set,
                   BufferId control, const Tensor& x, BufferId targets) {
  twins(schedule).gather_floats(schedule, name, set, control, x, targets);
}

void gemv_backward(Schedule& schedule, const std::string& name, const GemvDesc& desc,
                   const ParamSlice& dx, const ParamSlice& dweight, const ParamSlice& dbias,
                   const ParamSlice& dy, const ParamSlice& x, const ParamSlice& weight) {
  require_floats(schedule, name, "dx", dx, desc.inputs);
  require_floats(schedule, name, "dweight", dweight, desc.outputs * desc.inputs);
  require_floats(schedule, name, "dbias", dbias, desc.outputs);
  require_floats(schedule, name, "dy", dy, desc.outputs);
  require_floats(schedule, name, "x", x, desc.inputs);
  require_floats(schedule, name, "weight", weight, desc.outputs * desc.inputs);
  twins(schedule).gemv_backward(schedule, name, desc, dx, dweight, dbias, dy, x, weight);
}

void gemv_forward(Schedule& schedule, const std::string& name, const GemvDesc& desc,
                  const ParamSlice& y, const ParamSlice& x, const ParamSlice& weight,
                  const ParamSlice& bias) {
  require_floats(schedule, name, "y", y, desc.outputs);
  require_floats(schedule, name, "x", x, desc.inputs);
  require_floats(schedule, name, "weight", weight, desc.outputs * desc.inputs);
  require_floats(schedule, name, "bias", bias, desc.outputs);
  twins(schedule).gemv_forward(schedule, name, desc, y, x, weight, bias);
}

Tensor global_avg_pool_backward(Schedule& schedule, const std::string& name, const Tensor& x,
                                const Tensor& dy) {
  return twins(schedule).global_avg_pool_backward(schedule, name, x, dy);
}

Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  return twins(schedule).global_avg_pool_forward(schedule, name, x);
}

void lambda_step(Schedule& schedule, const std::string& name, LambdaMode mode, BufferId loss,
                 BufferId control) {
  twins(schedule).lambda_step(schedule, name, mode, loss, control);
}

Tensor linear_backward(Schedule& schedule, const std::string& name, const LinearDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).linear_backward(schedule, name, desc, x, dy, weight, dweight, dbias,
                                         need_dx);
}

Tensor linear_forward(Schedule& schedule, const std::string& name, const LinearDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).linear_forward(schedule, name, desc, x, weight, bias);
}

Tensor lstm_backward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                     const Tensor& x, const Lstm& forward, const Tensor& dy,
                     const LstmParams& params, const LstmParams& gradients, bool need_dx) {
  return twins(schedule).lstm_backward(schedule, name, desc, x, forward, dy, params, gradients,
                                       need_dx);
}

Lstm lstm_forward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                  const Tensor& x, const LstmParams& params, bool keep) {
  return twins(schedule).lstm_forward(schedule, name, desc, x, params, keep);
}

void map_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                  BufferId dtheta, BufferId dz) {
  twins(schedule).map_backward(schedule, desc, state, z, dtheta, dz);
}

void map_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                 BufferId theta, bool keep_u) {
  twins(schedule).map_forward(schedule, desc, state, z, theta, keep_u);
}

void map_redraw(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  twins(schedule).map_redraw(schedule, desc, state);
}

void map_restart(Schedule& schedule, const MapDesc& desc, const MapState& state,
                 const RestartBuffers& buffers) {
  twins(schedule).map_restart(schedule, desc, state, buffers);
}

BufferId map_row_norms(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  if (desc.given) fail("map: the norms of its rows, before its owner has written them");
  return twins(schedule).map_row_norms(schedule, desc, state);
}

MapState map_setup(Schedule& schedule, const MapDesc& desc) {
  return twins(schedule).map_setup(schedule, desc);
}

Tensor max_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const MaxPool& forward, const Tensor& dy) {
  return twins(schedule).max_pool_backward(schedule, name, desc, x, forward, dy);
}

MaxPool max_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x) {
  return twins(schedule).max_pool_forward(schedule, name, desc, x);
}

void mean_over_ranks(Schedule& schedule, const std::string& name, BufferId gradient, std::size_t n,
                     Scored scored, BufferId control, const std::shared_ptr<Communicator>& ranks) {
  twins(schedule).mean_over_ranks(schedule, name, gradient, n, scored, control, ranks);
}

void mse(Schedule& schedule, const std::string& name, const Tensor& y, BufferId targets,
         BufferId control, BufferId dy) {
  twins(schedule).mse(schedule, name, y, targets, control, dy);
}

void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control) {
  twins(schedule).next_batch(schedule, name, batches, control);
}

void next_micro_batch(Schedule& schedule, const std::string& name, const MicroBatchDesc& desc,
                      BufferId batches, BufferId control) {
  twins(schedule).next_micro_batch(schedule, name, desc, batches, control);
}

void observe_range(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index, BufferId control) {
  twins(schedule).observe_range(schedule, name, x, ranges, index, control);
}

void perturb_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId perturbed,
                     std::size_t n, float stddev, std::uint64_t seed, BufferId control) {
  twins(schedule).perturb_latents(schedule, name, z, perturbed, n, stddev, seed, control);
}

void pixel_cross_entropy(Schedule& schedule, const std::string& name,
                         const PixelCrossEntropyDesc& desc, const Tensor& logits, BufferId labels,
                         BufferId control, const Tensor& dlogits, BufferId confusion) {
  twins(schedule).pixel_cross_entropy(schedule, name, desc, logits, labels, control, dlogits,
                                      confusion);
}

void probe_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId signs,
                   BufferId product, std::size_t n, std::uint64_t seed, BufferId control) {
  twins(schedule).probe_latents(schedule, name, z, signs, product, n, seed, control);
}

void probe_latents_backward(Schedule& schedule, const std::string& name, BufferId signs,
                            BufferId gradient, BufferId dz, std::size_t n) {
  twins(schedule).probe_latents_backward(schedule, name, signs, gradient, dz, n);
}

void probe_rows(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, BufferId linear, BufferId modulated, BufferId dtheta,
                BufferId loss) {
  twins(schedule).probe_rows(schedule, name, desc, state, linear, modulated, dtheta, loss);
}

void prune(Schedule& schedule, const std::string& name, BufferId values, BufferId pruned,
           std::size_t n) {
  twins(schedule).prune(schedule, name, values, pruned, n);
}

Tensor relayout(Schedule& schedule, const std::string& name, const Tensor& x, int channel_block) {
  return twins(schedule).relayout(schedule, name, x, channel_block);
}

void relu_backward(Schedule& schedule, const std::string& name, const Tensor& y, const Tensor& dy) {
  twins(schedule).relu_backward(schedule, name, y, dy);
}

void relu_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  twins(schedule).relu_forward(schedule, name, x);
}

void row_factors_backward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                          BufferId z, BufferId weight, BufferId dz) {
  twins(schedule).row_factors_backward(schedule, desc, factors, z, weight, dz);
}

void row_factors_forward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                         BufferId row_norms, BufferId z, BufferId rho) {
  twins(schedule).row_factors_forward(schedule, desc, factors, row_norms, z, rho);
}

RowFactors row_factors_setup(Schedule& schedule, const MapDesc& desc) {
  return twins(schedule).row_factors_setup(schedule, desc);
}

void share_backward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                    const ShareState& state, BufferId dtheta, BufferId doutputs) {
  twins(schedule).share_backward(schedule, name, desc, state, dtheta, doutputs);
}

void share_forward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                   const ShareState& state, BufferId base, BufferId outputs, BufferId theta) {
  twins(schedule).share_forward(schedule, name, desc, state, base, outputs, theta);
}

ShareState share_setup(Schedule& schedule, const std::string& name, const ShareDesc& desc) {
  return twins(schedule).share_setup(schedule, name, desc);
}

void smoothness(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, const SmoothnessBuffers& buffers) {
  twins(schedule).smoothness(schedule, name, desc, state, buffers);
}

void stability(Schedule& schedule, const std::string& name, const Tensor& logits,
               const Tensor& perturbed, BufferId loss, BufferId control, const Tensor& dlogits,
               const Tensor& dperturbed) {
  twins(schedule).stability(schedule, name, logits, perturbed, loss, control, dlogits, dperturbed);
}

}  // namespace mapnet
