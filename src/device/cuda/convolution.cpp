#include "device/cuda/convolution.hpp"

#include "device/cuda/cudnn_plan.hpp"

namespace mapnet::cuda {

namespace {

constexpr std::int64_t kX = 1, kWeight = 2, kY = 3;

/// cuDNN's names for the parts of a pass: an operation of its own, with attributes of its own.
struct PassNames {
  const char* text;
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, weight, y, convolution, alpha, beta;
  std::int64_t a, b, out;  ///< tensors in the order of ConvPass
};

const PassNames& names_of(ConvPass pass) {
  static constexpr PassNames kForward = {"forward",
                                         CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                                         kX,
                                         kWeight,
                                         kY};
  static constexpr PassNames kData = {"backward data",
                                      CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                                      kY,
                                      kWeight,
                                      kX};
  static constexpr PassNames kFilter = {
      "backward filter",
      CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
      kX,
      kY,
      kWeight};
  if (pass == ConvPass::forward) return kForward;
  return pass == ConvPass::backward_data ? kData : kFilter;
}

Descriptor operation(const PassNames& names, const ConvShape& s) {
  const std::vector<std::int64_t> ones = {1, 1}, padding = {s.padding, s.padding},
                                  strides = {s.stride, s.stride};
  Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
  convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, ones);
  convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, strides);
  convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding);
  convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding);
  convolution.finalize("convolution");

  Descriptor op(names.operation);
  op.set(names.x, cudnn_tensor(kX, {s.n, s.c, s.h, s.w}));
  op.set(names.weight, cudnn_tensor(kWeight, {s.out_channels, s.c, s.kernel, s.kernel}));
  op.set(names.y, cudnn_tensor(kY, {s.n, s.out_channels, s.out_h(), s.out_w()}));
  op.set(names.convolution, convolution);
  op.set(names.alpha, 1.0);
  op.set(names.beta, 0.0);
  op.finalize("convolution operation");
  return op;
}

class GraphConvolution : public Convolution {
 public:
  GraphConvolution(const PlanTarget& target, const PassNames& names, const ConvShape& shape,
                   FastMath fast_math)
      : uids_{names.a, names.b, names.out}, plan_(target, operation(names, shape), fast_math) {}

  std::size_t workspace_bytes() const override { return plan_.workspace_bytes(); }
  std::string engine() const override { return plan_.engine(); }
  void run(const float* a, const float* b, float* out, void* workspace) const override {
    plan_.run(uids_, {const_cast<float*>(a), const_cast<float*>(b), out}, workspace);
  }

 private:
  std::vector<std::int64_t> uids_;
  CudnnPlan plan_;
};

}  // namespace

Cudnn::Cudnn(cudaStream_t stream) {
  cudnnHandle_t handle = nullptr;
  check_cudnn(cudnnCreate(&handle), "cudnnCreate");
  handle_ = handle;
  const cudnnStatus_t status = cudnnSetStream(handle, stream);
  if (status != CUDNN_STATUS_SUCCESS) cudnnDestroy(handle);
  check_cudnn(status, "cudnnSetStream");
}

Cudnn::~Cudnn() { cudnnDestroy(static_cast<cudnnHandle_t>(handle_)); }

std::shared_ptr<const Convolution> plan_convolution(const PlanTarget& target, ConvPass pass,
                                                    const ConvShape& shape, FastMath fast_math) {
  const PassNames& names = names_of(pass);
  try {
    return std::make_shared<GraphConvolution>(target, names, shape, fast_math);
  } catch (const Error& error) {
    fail("convolution, {}, of [{}, {}, {}, {}] with {} {}x{} filters, padding {}, stride {}: {}",
         names.text, shape.n, shape.c, shape.h, shape.w, shape.out_channels, shape.kernel,
         shape.kernel, shape.padding, shape.stride, error.what());
  }
}

std::shared_ptr<const Convolution> plan_convolution(const std::shared_ptr<Cudnn>& cudnn,
                                                    ConvPass pass, const ConvShape& shape,
                                                    FastMath fast_math) {
  return plan_convolution(PlanTarget{cudnn}, pass, shape, fast_math);
}

}  // namespace mapnet::cuda
