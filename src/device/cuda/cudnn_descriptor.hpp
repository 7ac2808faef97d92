#pragma once

#include <cudnn.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.hpp"

/// The descriptors of cuDNN's graph API, owned and checked.
namespace mapnet::cuda {

/// What cuDNN says about a failed call: the kind of failure and its own account of it.
inline std::string cudnn_failure(cudnnStatus_t status) {
  std::array<char, 512> text{};
  cudnnGetLastErrorString(text.data(), text.size());
  return fmt::format("{}: {}", cudnnGetErrorString(status), text.data());
}

inline void check_cudnn(cudnnStatus_t status, std::string_view call) {
  if (status != CUDNN_STATUS_SUCCESS) fail("cuDNN: {}: {}", call, cudnn_failure(status));
}

/// How cuDNN names the type of an attribute's values.
template <class T>
constexpr cudnnBackendAttributeType_t attribute_type();
#define MAPNET_CUDNN_TYPE(T, name)                            \
  template <>                                                 \
  constexpr cudnnBackendAttributeType_t attribute_type<T>() { \
    return name;                                              \
  }
MAPNET_CUDNN_TYPE(std::int64_t, CUDNN_TYPE_INT64)
MAPNET_CUDNN_TYPE(double, CUDNN_TYPE_DOUBLE)
MAPNET_CUDNN_TYPE(char, CUDNN_TYPE_CHAR)
MAPNET_CUDNN_TYPE(void*, CUDNN_TYPE_VOID_PTR)
MAPNET_CUDNN_TYPE(cudnnHandle_t, CUDNN_TYPE_HANDLE)
MAPNET_CUDNN_TYPE(cudnnDataType_t, CUDNN_TYPE_DATA_TYPE)
MAPNET_CUDNN_TYPE(cudnnConvolutionMode_t, CUDNN_TYPE_CONVOLUTION_MODE)
MAPNET_CUDNN_TYPE(cudnnResampleMode_t, CUDNN_TYPE_RESAMPLE_MODE)
MAPNET_CUDNN_TYPE(cudnnPaddingMode_t, CUDNN_TYPE_PADDING_MODE)
MAPNET_CUDNN_TYPE(cudnnNanPropagation_t, CUDNN_TYPE_NAN_PROPOGATION)
MAPNET_CUDNN_TYPE(cudnnBackendHeurMode_t, CUDNN_TYPE_HEUR_MODE)
MAPNET_CUDNN_TYPE(cudnnBackendNumericalNote_t, CUDNN_TYPE_NUMERICAL_NOTE)
MAPNET_CUDNN_TYPE(cudnnBackendBehaviorNote_t, CUDNN_TYPE_BEHAVIOR_NOTE)
#undef MAPNET_CUDNN_TYPE

/// One descriptor: attributes are set, then it is finalised, then it can be used and asked.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    check_cudnn(cudnnBackendCreateDescriptor(type, &descriptor_), "cudnnBackendCreateDescriptor");
  }
  ~Descriptor() {
    if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
  }
  Descriptor(Descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  cudnnBackendDescriptor_t get() const { return descriptor_; }

  template <class T>
  void set(cudnnBackendAttributeName_t name, const std::vector<T>& values) {
    set(name, attribute_type<T>(), static_cast<std::int64_t>(values.size()), values.data());
  }
  template <class T>
  void set(cudnnBackendAttributeName_t name, const T& value) {
    set(name, attribute_type<T>(), 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& value) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
  }

  /// CUDNN_STATUS_NOT_SUPPORTED and its kin are answers where engines are tried, not errors.
  cudnnStatus_t try_finalize() { return cudnnBackendFinalize(descriptor_); }
  void finalize(std::string_view what) { check_cudnn(try_finalize(), what); }

  template <class T>
  T value(cudnnBackendAttributeName_t name) const {
    T value{};
    std::int64_t count = 0;
    get(name, attribute_type<T>(), 1, &count, &value);
    return value;
  }
  template <class T>
  std::vector<T> values(cudnnBackendAttributeName_t name) const {
    std::int64_t count = 0;
    get(name, attribute_type<T>(), 0, &count, nullptr);
    std::vector<T> values(static_cast<std::size_t>(count));
    if (count > 0) get(name, attribute_type<T>(), count, &count, values.data());
    return values;
  }
  /// cuDNN fills descriptors of the right type that the caller has made.
  std::vector<Descriptor> descriptors(cudnnBackendAttributeName_t name,
                                      cudnnBackendDescriptorType_t type) const {
    std::int64_t count = 0;
    get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr);
    std::vector<Descriptor> made;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (std::int64_t i = 0; i < count; ++i) raw.push_back(made.emplace_back(type).get());
    if (count > 0) get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &count, raw.data());
    made.erase(made.begin() + count, made.end());
    return made;
  }

 private:
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
           const void* values) {
    const cudnnStatus_t status = cudnnBackendSetAttribute(descriptor_, name, type, count, values);
    if (status != CUDNN_STATUS_SUCCESS)
      fail("cuDNN: set attribute {}: {}", static_cast<int>(name), cudnn_failure(status));
  }
  void get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
           std::int64_t capacity, std::int64_t* count, void* values) const {
    const cudnnStatus_t status =
        cudnnBackendGetAttribute(descriptor_, name, type, capacity, count, values);
    if (status != CUDNN_STATUS_SUCCESS)
      fail("cuDNN: get attribute {}: {}", static_cast<int>(name), cudnn_failure(status));
  }

  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace mapnet::cuda
