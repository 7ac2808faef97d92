#include "device/ops.hpp"

/// The public ops: each is its twin on the schedule's device.
namespace mapnet {

namespace {

const Ops& twins(const Schedule& schedule) { return schedule.device()->ops(); }

}  // namespace

void adam_step(Schedule& schedule, const std::string& name, const AdamDesc& desc, BufferId value,
               BufferId m, BufferId v, BufferId gradient, std::size_t n, BufferId control) {
  twins(schedule).adam_step(schedule, name, desc, value, m, v, gradient, n, control);
}

Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).conv2d_forward(schedule, name, desc, x, weight, bias);
}

Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).conv2d_backward(schedule, name, desc, x, dy, weight, dweight, dbias,
                                         need_dx);
}

ConvPool2d conv_pool2d_forward(Schedule& schedule, const std::string& name,
                               const ConvPool2dDesc& desc, const Tensor& x,
                               const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).conv_pool2d_forward(schedule, name, desc, x, weight, bias);
}

Tensor conv_pool2d_backward(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc,
                            const Tensor& x, const ConvPool2d& forward, const Tensor& dy,
                            const ParamSlice& weight, const ParamSlice& dweight,
                            const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).conv_pool2d_backward(schedule, name, desc, x, forward, dy, weight, dweight,
                                              dbias, need_dx);
}

void cross_entropy(Schedule& schedule, const std::string& name, const Tensor& logits,
                   BufferId labels, BufferId control, BufferId dlogits) {
  twins(schedule).cross_entropy(schedule, name, logits, labels, control, dlogits);
}

void fake_quantize(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index) {
  twins(schedule).fake_quantize(schedule, name, x, ranges, index);
}

void fill_normal(Schedule& schedule, const std::string& name, BufferId values, std::size_t n,
                 std::uint64_t seed, Stream stream, float stddev,
                 const std::vector<RowScale>& scales) {
  twins(schedule).fill_normal(schedule, name, values, n, seed, stream, stddev, scales);
}

void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels) {
  twins(schedule).gather_batch(schedule, name, set, control, x, labels);
}

Tensor linear_forward(Schedule& schedule, const std::string& name, const LinearDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  return twins(schedule).linear_forward(schedule, name, desc, x, weight, bias);
}

Tensor linear_backward(Schedule& schedule, const std::string& name, const LinearDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  return twins(schedule).linear_backward(schedule, name, desc, x, dy, weight, dweight, dbias,
                                         need_dx);
}

MapState map_setup(Schedule& schedule, const MapDesc& desc) {
  return twins(schedule).map_setup(schedule, desc);
}

void map_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                 BufferId theta, bool keep_u) {
  twins(schedule).map_forward(schedule, desc, state, z, theta, keep_u);
}

void map_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                  BufferId dtheta, BufferId dz) {
  twins(schedule).map_backward(schedule, desc, state, z, dtheta, dz);
}

MaxPool max_pool_forward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x) {
  return twins(schedule).max_pool_forward(schedule, name, kernel, x);
}

Tensor max_pool_backward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x,
                         const MaxPool& forward, const Tensor& dy) {
  return twins(schedule).max_pool_backward(schedule, name, kernel, x, forward, dy);
}

void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control) {
  twins(schedule).next_batch(schedule, name, batches, control);
}

void observe_range(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index) {
  twins(schedule).observe_range(schedule, name, x, ranges, index);
}

void prune(Schedule& schedule, const std::string& name, BufferId values, BufferId pruned,
           std::size_t n) {
  twins(schedule).prune(schedule, name, values, pruned, n);
}

Tensor relayout(Schedule& schedule, const std::string& name, const Tensor& x, int channel_block) {
  return twins(schedule).relayout(schedule, name, x, channel_block);
}

void relu_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  twins(schedule).relu_forward(schedule, name, x);
}

void relu_backward(Schedule& schedule, const std::string& name, const Tensor& y, const Tensor& dy) {
  twins(schedule).relu_backward(schedule, name, y, dy);
}

}  // namespace mapnet
