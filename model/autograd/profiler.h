// Tells who wants to know what a forward pass consists of: layers, and the operations in them.
//
//   LayerScope layer(context, "layers.", i);              // in a network, around the layer's calls
//   OperationScope operation(context, "linear", x, w);    // in each operation, first of all
//
// Without a profiler in the context a scope costs one comparison.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_PROFILER_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_PROFILER_H_

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/tensor/tensor_view.h"
#include "model/autograd/op_context.h"
#include "model/autograd/value.h"

namespace localmamba {

// Called by the thread that runs the pass, in the order of the pass.
class Profiler {
 public:
  virtual ~Profiler() = default;

  // What happens in a layer inside a layer belongs to the inner one.
  virtual void OpenLayer(absl::string_view name) = 0;
  virtual void CloseLayer() = 0;

  // Operations do not nest. The work between both calls is the operation's.
  virtual void BeginOperation(absl::string_view name) = 0;
  virtual void EndOperation() = 0;
  // Of the operation begun last: memory it must at least touch, each operand read once and each
  // result written once; and multiply-accumulates, by operations that are matrix products only.
  virtual void AddBytes(int64_t bytes) = 0;
  virtual void AddMacs(int64_t macs) = 0;
};

inline int64_t BytesOf(const ConstTensorView& view) {
  return view.empty() ? 0 : view.elements() * static_cast<int64_t>(SizeOf(view.dtype()));
}
inline int64_t BytesOf(const Value& value) { return BytesOf(ConstTensorView(value.tensor())); }

class LayerScope {
 public:
  // The layer's name is that of its parameters' prefix, in as many pieces as it takes.
  template <class... Pieces>
  explicit LayerScope(const OpContext& context, const Pieces&... pieces)
      : profiler_(context.profiler) {
    if (profiler_ != nullptr) profiler_->OpenLayer(absl::StrCat(pieces...));
  }
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;
  ~LayerScope() {
    if (profiler_ != nullptr) profiler_->CloseLayer();
  }

 private:
  Profiler* profiler_;
};

class OperationScope {
 public:
  // Counts the bytes of `operands`: values, tensors or views, absent ones too.
  template <class... Operands>
  OperationScope(const OpContext& context, absl::string_view name, const Operands&... operands)
      : profiler_(context.profiler) {
    if (profiler_ == nullptr) return;
    profiler_->BeginOperation(name);
    profiler_->AddBytes((int64_t{0} + ... + BytesOf(operands)));
  }
  OperationScope(const OperationScope&) = delete;
  OperationScope& operator=(const OperationScope&) = delete;
  ~OperationScope() {
    if (profiler_ != nullptr) profiler_->EndOperation();
  }

  // More operands.
  template <class... Operands>
  void Reads(const Operands&... operands) {
    if (profiler_ != nullptr) profiler_->AddBytes((int64_t{0} + ... + BytesOf(operands)));
  }
  void Multiplies(int64_t macs) {
    if (profiler_ != nullptr) profiler_->AddMacs(macs);
  }

 private:
  Profiler* profiler_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_PROFILER_H_
