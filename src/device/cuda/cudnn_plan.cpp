#include "device/cuda/cudnn_plan.hpp"

#include <algorithm>

namespace mapnet::cuda {

namespace {

/// What a step may keep of the arena for an engine's sake. In CNN1 at batch 512 engines that turn
/// whole batches into another layout ask for up to 60 MB, a few others for up to 450 MB.
constexpr std::size_t kMostWorkspace = std::size_t{256} << 20;

template <class Note>
bool any_of(const std::vector<Note>& notes, std::initializer_list<Note> wanted) {
  return std::find_first_of(notes.begin(), notes.end(), wanted.begin(), wanted.end()) !=
         notes.end();
}

using Notes = std::vector<cudnnBackendNumericalNote_t>;

bool allowed(const Notes& notes, FastMath fast_math) {
  if (any_of(notes,
             {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS,
              CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION}))
    return false;
  return fast_math != FastMath::off || !any_of(notes, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE});
}

/// "engine 12 (winograd)"
std::string readable(std::int64_t index, const Notes& notes) {
  std::string what;
  const auto add = [&](cudnnBackendNumericalNote_t note, const char* text) {
    if (any_of(notes, {note})) what += (what.empty() ? "" : ", ") + std::string(text);
  };
  add(CUDNN_NUMERICAL_NOTE_TENSOR_CORE, "tensor cores");
  add(CUDNN_NUMERICAL_NOTE_WINOGRAD, "winograd");
  add(CUDNN_NUMERICAL_NOTE_FFT, "fft");
  return "engine " + std::to_string(index) + (what.empty() ? "" : " (" + what + ")");
}

}  // namespace

Descriptor cudnn_tensor(std::int64_t uid, const std::vector<std::int64_t>& dims) {
  std::vector<std::int64_t> strides(dims.size());
  std::int64_t stride = 1;
  for (std::size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_DATA_FLOAT);
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, dims);
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES, strides);
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, uid);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{16});
  tensor.finalize("tensor");
  return tensor;
}

CudnnPlan::CudnnPlan(PlanTarget target, const Descriptor& operation, FastMath fast_math)
    : target_(std::move(target)) {
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  // A handle's attributes are deprecated beside a description, but of a GPU that is there they are
  // what cuDNN's own front end uses.
  if (target_.cudnn) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target_.handle());
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
  graph.finalize("operation graph");

  // A and B rank by models of their own; the fallback knows some engine for whatever is supported.
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK}) {
    Descriptor ranking(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    ranking.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    ranking.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
    if (target_.described) ranking.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target_.described);
    if (ranking.try_finalize() != CUDNN_STATUS_SUCCESS) continue;
    for (Descriptor& config :
         ranking.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR))
      if (consider(std::move(config), fast_math)) return;
  }
  if (!plan_) fail("cuDNN {} has no engine for this", cudnnGetVersion());
}

/// Takes `config` if it is better than what was found so far; true ends the search. A last resort,
/// of which the first is kept, are FFTs, which round a small value as coarsely as the largest one
/// (Winograd's few additions before the product are let pass); engines that compile their kernels
/// now, which takes seconds and a compiler at run time; and workspaces beyond kMostWorkspace.
bool CudnnPlan::consider(Descriptor config, FastMath fast_math) {
  const std::vector<Descriptor> engines =
      config.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  const Descriptor& engine = engines.at(0);
  const auto notes = engine.values<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE);
  if (!allowed(notes, fast_math)) return false;
  const auto behaviour = engine.values<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE);
  bool wanted = !any_of(notes, {CUDNN_NUMERICAL_NOTE_FFT}) &&
                !any_of(behaviour, {CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION});
  if (!wanted && plan_) return false;

  Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (target_.described)
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target_.described);
  else
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target_.handle());
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (plan.try_finalize() != CUDNN_STATUS_SUCCESS) return false;
  const auto bytes =
      static_cast<std::size_t>(plan.value<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
  wanted = wanted && bytes <= kMostWorkspace;
  if (!wanted && plan_) return false;

  plan_ = std::move(plan);
  config_ = std::move(config);
  workspace_bytes_ = bytes;
  engine_ = readable(engine.value<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX), notes);
  return wanted;
}

void CudnnPlan::run(const std::vector<std::int64_t>& uids, const std::vector<void*>& pointers,
                    void* workspace) const {
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, uids);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers);
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize("variant pack");
  check_cudnn(cudnnBackendExecute(static_cast<cudnnHandle_t>(target_.cudnn->handle()), plan_->get(),
                                  pack.get()),
              engine_);
}

}  // namespace mapnet::cuda
