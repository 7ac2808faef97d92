#pragma once

#include <cuda_runtime.h>

/// Elementwise work on one value, or on four that are loaded and stored at once.
namespace mapnet::cuda {

template <class F>
__device__ float apply(const F& f, float v) {
  return f(v);
}
template <class F>
__device__ float4 apply(const F& f, const float4& v) {
  return make_float4(f(v.x), f(v.y), f(v.z), f(v.w));
}

template <class F>
__device__ float apply(const F& f, float a, float b) {
  return f(a, b);
}
template <class F>
__device__ float4 apply(const F& f, const float4& a, const float4& b) {
  return make_float4(f(a.x, b.x), f(a.y, b.y), f(a.z, b.z), f(a.w, b.w));
}

}  // namespace mapnet::cuda
